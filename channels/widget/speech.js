import { h, icon } from "./dom.js";
import { TEXTS } from "./texts.js";
import { written } from "./words.js";

// Only voices that live on the device: a remote voice would send the person's conversation to its maker.
const synthesis = window.speechSynthesis;
let current = null;

function localVoice(lang = TEXTS.lang) {
  const voices = synthesis ? synthesis.getVoices() : [];
  return voices.find((voice) => voice.localService && voice.lang.toLowerCase().startsWith(lang));
}

export function watchVoices(root) {
  if (!synthesis) return;
  const show = () => root.classList.toggle("can-read", Boolean(localVoice()));
  show();
  if (synthesis.addEventListener) synthesis.addEventListener("voiceschanged", show);
}

export function hush() {
  if (!current) return;
  current();
  synthesis.cancel();
}

function speak(button, label, words, lang) {
  const voice = localVoice(lang);
  if (!voice) return;
  const utterance = new SpeechSynthesisUtterance(words);
  utterance.voice = voice;
  utterance.lang = voice.lang;
  const done = () => {
    label.textContent = written(lang).read;
    button.classList.remove("active");
    if (current === done) current = null;
  };
  utterance.onend = utterance.onerror = done;
  current = done;
  label.textContent = written(lang).read_stop;
  button.classList.add("active");
  synthesis.speak(utterance);
}

// A French voice would make nonsense of another language: without a voice for it, there is no button.
export function readButton(words, lang = TEXTS.lang) {
  if (lang !== TEXTS.lang && !localVoice(lang)) return null;
  const label = h("span", {}, written(lang).read);
  const button = h("button", { type: "button", class: "read" }, icon("sound"), label);
  button.addEventListener("click", () => {
    const stopping = button.classList.contains("active");
    hush();
    if (!stopping) speak(button, label, words, lang);
  });
  return button;
}
