import { h, icon } from "./dom.js";
import { messageView, showStatus, welcomeView } from "./messages.js";
import { hush } from "./speech.js";
import { TEXTS } from "./texts.js";

const PATIENT = 700;
const LOST = 1500;
const WAIT = 30000;
const SETTLED = 500;

// What was said, in order: confirmed messages, then those that are still on their way. It is the one live region.
export class Thread {
  constructor(say) {
    this.say = say;
    this.mine = new Map();
    this.pending = new Set();
    this.asked = new Set();
    this.list = h("div", { class: "list" });
    this.typing = h("p", { class: "typing", hidden: true }, h("span", { class: "dots", "aria-hidden": "true" }), h("span"));
    this.notice = h("p", { class: "notice", hidden: true });
    this.welcome = welcomeView((text) => say({ text }));
    this.log = h("div", { class: "log", role: "log", "aria-label": TEXTS.log, tabindex: 0 }, this.welcome, this.list, this.typing, this.notice);
    this.latest = h("button", { type: "button", class: "latest", hidden: true, onclick: () => this.toEnd() }, icon("down"), h("span", { class: "unseen" }, TEXTS.latest));
    this.node = h("div", { class: "thread" }, this.log, this.latest);
    this.log.addEventListener("scroll", () => (this.latest.hidden = this.distance() < 120));
  }

  distance() {
    return this.log.scrollHeight - this.log.clientHeight - this.log.scrollTop;
  }

  toEnd() {
    this.log.scrollTop = this.log.scrollHeight;
  }

  // History is shown without being announced again; screen readers look a moment after the change.
  catchingUp(busy) {
    this.quiet = busy;
    clearTimeout(this.speaking);
    if (busy) this.log.setAttribute("aria-live", "off");
    else this.speaking = setTimeout(() => this.log.removeAttribute("aria-live"), SETTLED);
  }

  place(node, before) {
    const near = this.distance() < 120;
    this.welcome.classList.add("begun");
    this.list.insertBefore(node, before || null);
    this.collapse(node);
    if (!near) return;
    this.log.scrollTop = before || this.quiet ? this.log.scrollHeight : Math.max(0, node.offsetTop - this.reading(node));
  }

  // A tall answer is shown from its beginning, with the question above it when there is room.
  reading(node) {
    const question = node.previousElementSibling;
    const above = question && question.classList.contains("person") ? node.offsetTop - question.offsetTop : 0;
    return 12 + (above < this.log.clientHeight / 3 ? above : 0);
  }

  collapse(node) {
    const previous = node.previousElementSibling;
    const same = previous && previous.className.split(" ")[1] === node.className.split(" ")[1];
    const time = (item) => item.querySelector("time").textContent;
    node.classList.toggle("follows", Boolean(same) && time(previous) === time(node));
  }

  show(data) {
    const known = data.author === "person" && this.mine.get(data.client);
    if (known) {
      this.pending.delete(known);
      showStatus(known, "");
      return;
    }
    if (data.author !== "person") this.answered();
    const [waiting] = this.pending;
    this.place(messageView(data, (choice) => this.choose(choice)), waiting);
  }

  answered() {
    this.asked.clear();
    this.expect(false);
  }

  // Every button stays good, those of an older list too: it says what it is about. Pressed twice, it is asked once
  // until something is answered.
  choose(choice) {
    if (this.asked.has(choice.id)) return false;
    this.asked.add(choice.id);
    this.say({ choice: choice.id, text: choice.card ? choice.card.name : choice.title });
    return true;
  }

  // A message of ours, from the moment it is written until the server shows it back, which may come before its answer.
  own(item, word, sentence) {
    const node = this.mine.get(item.id) || this.write(item);
    if (this.pending.has(node)) showStatus(node, word, sentence);
    if (word === "refused") this.asked.delete(item.choice);
    if (word === "refused") this.pending.delete(node);
    if (word === "sent" && this.pending.has(node)) this.expect(true);
  }

  write(item) {
    const node = messageView({ author: "person", text: item.text, at: item.at });
    this.mine.set(item.id, node);
    this.pending.add(node);
    this.quiet = false;
    this.place(node);
    this.toEnd();
    return node;
  }

  expect(waiting) {
    clearTimeout(this.giveUp);
    this.waiting = waiting && this.owner !== "human" && this.owner !== "queue";
    if (this.waiting) this.giveUp = setTimeout(() => this.expect(false), WAIT);
    this.showTyping();
  }

  state({ owner, typing }) {
    this.owner = owner;
    this.busy = typing;
    this.catchingUp(false);
    if (!typing) this.waiting = false;
    this.showTyping();
  }

  showTyping() {
    clearTimeout(this.soon);
    const on = this.busy || this.waiting;
    if (!on) this.typing.hidden = true;
    else this.soon = setTimeout(() => this.writeTyping(), PATIENT);
  }

  writeTyping() {
    if (!this.typing.hidden) return;
    const near = this.distance() < 120;
    this.typing.hidden = false;
    this.typing.lastChild.textContent = TEXTS.typing[this.owner === "human" ? "human" : "bot"];
    if (near) this.toEnd();
  }

  link(word) {
    clearTimeout(this.losing);
    if (word === "lost") this.losing = setTimeout(() => this.tell(TEXTS.lost), LOST);
    else if (word === "online" && this.notice.textContent === TEXTS.lost) this.tell(TEXTS.back, 4000);
  }

  tell(sentence, milliseconds) {
    clearTimeout(this.telling);
    this.notice.hidden = !sentence;
    this.notice.textContent = sentence;
    if (milliseconds) this.telling = setTimeout(() => this.tell(""), milliseconds);
  }

  clear(except) {
    hush();
    const kept = except && this.mine.get(except.id);
    for (const known of [this.mine, this.pending, this.asked]) known.clear();
    this.list.replaceChildren();
    this.welcome.classList.remove("begun");
    if (kept) {
      this.mine.set(except.id, kept);
      this.pending.add(kept);
      this.place(kept);
    }
    this.busy = false;
    this.expect(false);
  }
}
