import { h, icon } from "./dom.js";
import { messageView, showStatus, welcomeView } from "./messages.js";
import { hush } from "./speech.js";
import { TEXTS } from "./texts.js";

const PATIENT = 700;
const LOST = 1500;
const WAIT = 30000;

// What was said, in order: confirmed messages, then those that are still on their way. It is the one live region.
export class Thread {
  constructor(say) {
    this.say = say;
    this.pending = new Map();
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

  // History that was read before is shown without being announced again.
  catchingUp(busy) {
    this.log.setAttribute("aria-busy", String(busy));
    this.quiet = busy;
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
    const known = data.author === "person" && this.pending.get(data.client);
    if (known) {
      this.pending.delete(data.client);
      showStatus(known, "");
      return;
    }
    if (data.author !== "person") this.expect(false);
    if ((data.choices || []).length) this.retire();
    const [waiting] = this.pending.values();
    this.place(messageView(data, (choice) => this.choose(choice)), waiting);
  }

  // Only the choices shown last can be taken: the server says so, and the screen shows it. Focus stays where it is.
  retire() {
    for (const button of this.list.querySelectorAll(".choice")) button.setAttribute("aria-disabled", "true");
  }

  choose(choice) {
    if (this.asked.has(choice.id)) return false;
    this.asked.add(choice.id);
    this.say({ choice: choice.id, text: choice.title });
    return true;
  }

  // A message of ours, from the moment it is written until the server shows it back.
  own(item, word, sentence) {
    let node = this.pending.get(item.id);
    if (!node) {
      node = messageView({ author: "person", text: item.text, at: item.at });
      this.pending.set(item.id, node);
      this.quiet = false;
      this.place(node);
      this.toEnd();
    }
    showStatus(node, word, sentence);
    if (word === "sent" || word === "refused") this.asked.delete(item.choice);
    if (word === "refused") this.pending.delete(item.id);
    if (word === "sent") this.expect(true);
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
    const kept = except && this.pending.get(except.id);
    this.pending.clear();
    this.asked.clear();
    this.list.replaceChildren(...(kept ? [kept] : []));
    if (kept) this.pending.set(except.id, kept);
    this.expect(false);
    this.busy = false;
    this.showTyping();
    this.welcome.classList.toggle("begun", Boolean(kept));
  }
}
