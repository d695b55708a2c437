import { h, icon, say } from "./dom.js";
import { dial, outside, rich, spaced, webAddress } from "./richtext.js";
import { readButton } from "./speech.js";
import { TEXTS } from "./texts.js";
import { written } from "./words.js";

const HOUR = new Intl.DateTimeFormat(TEXTS.locale, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(TEXTS.locale, { weekday: "long", day: "numeric", month: "long" });

function stamp(at) {
  const moment = new Date(at);
  const hour = HOUR.format(moment);
  const today = moment.toDateString() === new Date().toDateString();
  return h("time", { datetime: at }, today ? hour : `${DAY.format(moment)}, ${hour}`);
}

// A day (2026-09-14), a month (09/2026), or words of the server's own.
function dated(value, locale) {
  const shown = { month: "long", year: "numeric" };
  const [, day] = /^(\d{4}-\d{2}-\d{2})/.exec(value) || [];
  if (day) return new Date(`${day}T12:00`).toLocaleDateString(locale, { day: "numeric", ...shown });
  const [, month, year] = /^(\d{2})\/(\d{4})$/.exec(value) || [];
  return month ? new Date(year, month - 1).toLocaleDateString(locale, shown) : value;
}

function choiceButton(choice, label, about, choose, said) {
  const told = h("span", { class: "told" });
  const button = h("button", { type: "button", class: "choice" }, h("bdi", {}, label), about, told);
  button.addEventListener("click", () => {
    if (!choose(choice)) return;
    button.classList.add("chosen");
    told.replaceChildren(icon("check"), h("span", { class: "unseen" }, ` (${said.chosen})`));
  });
  return button;
}

function fact(kind, value) {
  return value ? h("p", { class: kind }, h("bdi", {}, value)) : null;
}

// Groups of digits would change places in a sentence that runs from right to left.
function calling(phone, said) {
  const [before, after] = said.call.split("{phone}");
  return h("span", {}, before, h("bdi", { dir: "ltr" }, spaced(phone)), after);
}

function cardView(choice, choose, said) {
  const card = choice.card;
  const map = webAddress(card.map_url || "");
  const site = webAddress(card.url || "");
  const unseen = h("span", { class: "unseen" }, " " + say(said.details_about, { name: card.name }));
  const where = [card.distance, card.address].filter(Boolean).join(" · ");
  return h(
    "li",
    { class: "card" },
    h("p", { class: "card-name" }, h("bdi", {}, h("strong", {}, card.name))),
    fact(new RegExp(TEXTS.example, "i").test(card.note) ? "example" : "note", card.note),
    fact("where", where),
    fact("hours", card.hours),
    h(
      "p",
      { class: "ways" },
      card.phone ? h("a", { class: "way", href: dial(card.phone) }, icon("phone"), calling(card.phone, said)) : null,
      map ? outside(map, { class: "way" }, said, icon("map"), said.map) : null,
      site ? outside(site, { class: "way" }, said, icon("out"), said.site) : null,
    ),
    card.updated ? h("p", { class: "updated" }, say(said.updated, { date: dated(card.updated, said.locale) })) : null,
    choiceButton(choice, said.details, unseen, choose, said),
  );
}

function choicesView(choices, choose, said) {
  const cards = choices.filter((choice) => choice.card);
  const plain = choices.filter((choice) => !choice.card);
  return [
    cards.length ? h("ul", { class: "cards" }, ...cards.map((choice) => cardView(choice, choose, said))) : null,
    plain.length
      ? h("ul", { class: "choices" }, ...plain.map((choice) => h("li", {}, choiceButton(choice, choice.title, null, choose, said))))
      : null,
  ];
}

function words(data) {
  const cards = (data.choices || []).map((choice) => (choice.card ? `${choice.card.name}, ${choice.card.distance}.` : choice.title));
  return [data.text, ...cards, data.footer].filter(Boolean).join("\n");
}

export function messageView(data, choose) {
  const mine = data.author === "person";
  const status = h("span", { class: "status" });
  // What we wrote says its language and direction; what people wrote is shown as its letters ask for.
  const dir = data.dir || "auto";
  return h(
    "article",
    { class: `message ${data.author}`, lang: data.lang || null, dir: dir === "auto" ? null : dir },
    h("p", { class: "meta", lang: TEXTS.lang, dir: "ltr" }, h("span", { class: "author" }, TEXTS.authors[data.author] || data.author), " ", stamp(data.at), " ", status),
    data.text ? h("div", { class: "bubble", dir }, ...rich(data.text)) : null,
    ...choicesView(data.choices || [], choose, written(data.lang)),
    data.footer ? h("p", { class: "footer", dir }, ...rich(data.footer)) : null,
    mine ? null : readButton(words(data), data.lang || undefined),
  );
}

export function showStatus(node, word, sentence) {
  node.classList.toggle("pending", word === "sending" || word === "waiting");
  node.classList.toggle("refused", word === "refused");
  const status = node.querySelector(".status");
  if (status) status.textContent = TEXTS.status[word] || "";
  if (sentence) node.append(h("p", { class: "fault" }, `${TEXTS.refused} ${sentence}`));
}

export function welcomeView(suggest) {
  const buttons = TEXTS.suggestions.map((text) =>
    h("li", {}, h("button", { type: "button", class: "choice", onclick: () => suggest(text.replace(/\u00a0/g, " ")) }, text)),
  );
  const suggestions = h("div", { class: "suggestions" }, h("p", { class: "lead" }, TEXTS.suggest), h("ul", { class: "choices" }, ...buttons));
  const [first, ...rest] = TEXTS.welcome;
  return h(
    "div",
    { class: "welcome" },
    h("p", { class: "first" }, first),
    ...rest.map((sentence) => h("p", {}, sentence)),
    suggestions,
    h("p", { class: "hint" }, TEXTS.hint),
  );
}
