import { h } from "./dom.js";
import { TEXTS } from "./texts.js";

// Web addresses, French phone numbers, and the short emergency numbers when a word such as "le" announces them.
// No look-behind: older iPhones refuse the whole script for it.
const LINK = /(https?:\/\/[^\s<>"«»]+[^\s<>"«».,;:!?)\]])|((?:\+33 ?|0)[1-9](?:[ .-]?\d{2}){4})(?!\d)|(\b(?:le|au) )(3\d{3}|11[2459])(?!\d)/gi;

export function webAddress(value) {
  try {
    const url = new URL(value);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : "";
  } catch (error) {
    return "";
  }
}

export function dial(phone) {
  return "tel:" + phone.replace(/[^\d+]/g, "");
}

export function spaced(phone) {
  const national = phone.replace(/[^\d+]/g, "").replace(/^\+33/, "0");
  return /^0\d{9}$/.test(national) ? national.replace(/(\d{2})(?=\d)/g, "$1 ") : phone;
}

export function outside(href, attributes, said, ...children) {
  const props = Object.assign({ href, target: "_blank", rel: "noopener noreferrer" }, attributes);
  return h("a", props, ...children, h("span", { class: "unseen" }, ` (${said.new_tab})`));
}

function linked(match) {
  const [whole, address, phone, before, short] = match;
  if (address) return webAddress(address) ? [outside(webAddress(address), {}, TEXTS, address)] : [whole];
  if (phone) return [h("a", { href: dial(phone), dir: "ltr" }, phone)];
  return [before, h("a", { href: dial(short) }, short)];
}

export function rich(text) {
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(LINK)) {
    parts.push(text.slice(from, match.index), ...linked(match));
    from = match.index + match[0].length;
  }
  parts.push(text.slice(from));
  return parts.filter((part) => part !== "");
}
