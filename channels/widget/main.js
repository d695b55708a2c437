import { h } from "./dom.js";
import { RelaisChat } from "./element.js";

// The address that served this script is the only one that the chat ever speaks to.
const script = document.currentScript;

if (!customElements.get("relais-chat")) {
  RelaisChat.api = new URL(script ? script.src : location.href).origin;
  customElements.define("relais-chat", RelaisChat);
  const begin = () => document.querySelector("relais-chat") || document.body.append(h("relais-chat"));
  if (document.body) begin();
  else addEventListener("DOMContentLoaded", begin);
}
