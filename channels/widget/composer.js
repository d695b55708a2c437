import { h, icon, say } from "./dom.js";
import { TEXTS } from "./texts.js";

const NEAR = 200;

function limitSentence(left) {
  if (left < 0) return say(TEXTS.limit_over, { count: -left });
  if (left > NEAR) return "";
  return say(left === 1 ? TEXTS.limit_near_one : TEXTS.limit_near, { count: left });
}

// The writing zone: Enter sends, Shift+Enter makes a new line, too long a text is kept and explained.
export class Composer {
  constructor(send) {
    this.limit = h("p", { class: "limit", id: "limit" });
    this.field = h("textarea", {
      id: "field", rows: 1, dir: "auto", placeholder: TEXTS.placeholder, autocomplete: "off", enterkeyhint: "send",
      "aria-describedby": "limit",
    });
    this.node = h(
      "form",
      { class: "composer" },
      h("label", { class: "unseen", for: "field" }, TEXTS.label),
      h("div", { class: "writing" }, this.field, h("button", { class: "send" }, icon("send"), h("span", {}, TEXTS.send))),
      this.limit,
    );
    this.listen(send);
  }

  listen(send) {
    this.field.addEventListener("input", () => this.measure());
    this.field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.submit(send);
    });
    this.node.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit(send);
    });
  }

  submit(send) {
    const text = this.field.value.trim();
    const fits = this.measure();
    if (text && fits) {
      this.field.value = "";
      this.measure();
      send(text);
    }
    this.field.focus();
  }

  measure() {
    const left = TEXTS.limit - Array.from(this.field.value.trim()).length;
    this.limit.textContent = limitSentence(left);
    this.node.classList.toggle("over", left < 0);
    this.field.setAttribute("aria-invalid", String(left < 0));
    this.field.rows = 1;
    while (this.field.rows < 5 && this.field.scrollHeight > this.field.clientHeight + 2) this.field.rows += 1;
    return left >= 0;
  }
}
