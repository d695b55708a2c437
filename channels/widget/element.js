import { Client } from "./client.js";
import { Composer } from "./composer.js";
import { h, icon, say } from "./dom.js";
import { watchVoices } from "./speech.js";
import { STYLE, TEXTS } from "./texts.js";
import { Thread } from "./thread.js";

function dress(root) {
  if ("adoptedStyleSheets" in root && "replaceSync" in CSSStyleSheet.prototype) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
  } else {
    root.append(h("style", {}, STYLE));
  }
}

// <relais-chat> floats in a corner of any page; <relais-chat mode="page"> fills the place that it is given.
export class RelaisChat extends HTMLElement {
  connectedCallback() {
    if (this.shadowRoot) return;
    const root = this.attachShadow({ mode: "open" });
    dress(root);
    this.page = this.getAttribute("mode") === "page";
    this.unread = 0;
    this.thread = new Thread((message) => this.send(message));
    this.composer = new Composer((text) => this.send({ text }));
    this.frame = h("div", { class: `frame ${this.page ? "page" : "floating"}`, lang: TEXTS.lang }, this.launcher(), this.panel());
    root.append(this.frame);
    watchVoices(this.frame);
    this.connect();
  }

  launcher() {
    if (this.page) return null;
    const open = () => this.open();
    this.opener = h("button", { type: "button", class: "launcher", "aria-expanded": "false", onclick: open }, icon("mark"), h("span", {}, TEXTS.open));
    return this.opener;
  }

  panel() {
    this.sheet = h(
      "section",
      { class: "panel", role: this.page ? null : "dialog", "aria-label": TEXTS.panel, hidden: !this.page },
      this.header(),
      this.thread.node,
      this.composer.node,
      this.foot(),
    );
    this.sheet.addEventListener("keydown", (event) => event.key === "Escape" && this.escape(event));
    return this.sheet;
  }

  header() {
    this.holder = h("span", { class: "holder" }, TEXTS.owner.bot);
    this.link = h("span", { class: "link" });
    this.eraser = h("button", { type: "button", class: "tool", onclick: () => this.ask(true), "aria-label": TEXTS.erase_full }, icon("trash"), h("span", {}, TEXTS.erase));
    const close = h("button", { type: "button", class: "tool round", "aria-label": TEXTS.close, onclick: () => this.close() }, icon("close"));
    return h(
      "div",
      { class: "header" },
      this.page ? null : h("span", { class: "badge" }, icon("mark")),
      h("p", { class: "title" }, this.page ? null : h("strong", {}, TEXTS.name), h("span", { class: "state" }, this.holder, " ", this.link)),
      this.eraser,
      this.page ? null : close,
    );
  }

  // Under the writing zone, always there: a human being; in its place for a moment, the question before erasing.
  foot() {
    const human = h("button", { type: "button", class: "pill", onclick: () => this.send({ text: TEXTS.human_text }) }, icon("person"), TEXTS.human);
    const legal = h("a", { href: `${RelaisChat.api}/mentions-legales`, target: "_blank", rel: "noopener" }, TEXTS.legal, h("span", { class: "unseen" }, ` (${TEXTS.new_tab})`));
    return h("div", { class: "foot" }, human, this.page ? null : legal, this.confirmation());
  }

  confirmation() {
    this.keeper = h("button", { type: "button", class: "pill", onclick: () => this.ask(false) }, TEXTS.erase_no);
    const erase = h("button", { type: "button", class: "pill strong", onclick: () => this.erase() }, TEXTS.erase_yes);
    this.question = h("p", { id: "question" }, TEXTS.erase_question);
    this.asking = h("div", { class: "asking", role: "group", "aria-labelledby": "question", hidden: true }, this.question, h("div", { class: "pair" }, this.keeper, erase));
    return this.asking;
  }

  connect() {
    const thread = this.thread;
    this.client = new Client(RelaisChat.api, {
      message: (data) => this.received(data),
      state: (state) => this.told(state),
      link: (word) => this.linked(word),
      sending: (item) => thread.own(item, "sending"),
      waiting: (item) => thread.own(item, "waiting"),
      sent: (item) => thread.own(item, "sent"),
      refused: (item, sentence) => thread.own(item, "refused", sentence),
      reset: (except) => thread.clear(except),
    });
    for (const item of this.client.outbox) thread.own(item, "waiting");
    if (!this.client.known) return;
    thread.catchingUp(true);
    this.client.start();
  }

  send(message) {
    this.thread.own(this.client.send(message), "sending");
    // On a phone the focus would raise the keyboard over the answer.
    if (!message.choice && matchMedia("(pointer: fine)").matches) this.composer.field.focus();
  }

  received(data) {
    this.thread.show(data);
    if (this.page || !this.sheet.hidden || data.author === "person" || this.thread.quiet) return;
    this.unread += 1;
    this.count();
  }

  told(state) {
    this.thread.state(state);
    this.holder.textContent = TEXTS.owner[state.owner] || TEXTS.owner.bot;
    this.frame.setAttribute("data-owner", state.owner);
  }

  linked(word) {
    this.thread.link(word);
    this.link.textContent = TEXTS.link[word] || "";
    this.link.className = `link ${word}`;
    if (word === "idle") this.thread.catchingUp(false);
  }

  count() {
    const many = this.unread === 1 ? TEXTS.open_unread_one : say(TEXTS.open_unread_many, { count: this.unread });
    this.opener.setAttribute("aria-label", this.unread ? many : TEXTS.open);
    this.opener.setAttribute("data-unread", this.unread || "");
  }

  open() {
    this.sheet.hidden = false;
    this.frame.classList.add("open");
    this.opener.setAttribute("aria-expanded", "true");
    this.unread = 0;
    this.count();
    this.thread.toEnd();
    this.composer.field.focus();
  }

  close() {
    this.sheet.hidden = true;
    this.frame.classList.remove("open");
    this.opener.setAttribute("aria-expanded", "false");
    this.opener.focus();
  }

  escape(event) {
    event.stopPropagation();
    if (!this.asking.hidden) this.ask(false);
    else if (!this.page) this.close();
  }

  ask(wanted) {
    this.asking.hidden = !wanted;
    this.question.textContent = TEXTS.erase_question;
    (wanted ? this.keeper : this.eraser).focus();
  }

  async erase() {
    if (!(await this.client.erase())) {
      this.question.textContent = TEXTS.erase_failed;
      return;
    }
    this.asking.hidden = true;
    this.thread.clear();
    this.told({ owner: "bot", typing: false });
    this.linked("idle");
    this.thread.tell(TEXTS.erase_done, 6000);
    this.composer.field.focus();
  }
}
