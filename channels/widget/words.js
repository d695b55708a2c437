import { TEXTS } from "./texts.js";

// What is written on and around a message, in the message's own language where there are words for it.
export function written(lang) {
  return { ...TEXTS, ...TEXTS.cards[lang] };
}
