// The lexicon, edited in place: a sign each, with an error beside the field that has one.

import { ask } from "./link.js";
import { words } from "./draw.js";
import { sentence } from "./notes.js";

const NAMES = { none: "By itself", positive: "With a happy face", negative: "With an unhappy face", surprise: "With a surprised face" };
const place = document.getElementById("words");
const state = document.getElementById("words-state");

export async function showLexicon() {
  try {
    fill(await ask("/lexicon"));
  } catch (error) {
    state.textContent = `The sentences cannot be shown: ${sentence(error.message)}`;
  }
}

function fill(table) {
  document.getElementById("words-path").textContent = table.path;
  document.getElementById("caption").lang = table.language;
  place.replaceChildren(...table.signs.map((sign) => form(sign, table)));
}

function form(sign, table) {
  const box = make("details", { className: "sign", id: `sign-${sign.gesture}` });
  const title = make("summary", {}, [make("h3", { textContent: words(sign.gesture) })]);
  title.append(make("span", { className: "plain", lang: table.language, textContent: sign.sentences.none ?? "says nothing" }));
  if (sign.own) title.append(make("span", { className: "own", textContent: "yours" }));
  const fields = table.affects.map((affect) => field(sign, affect, table.language));
  const save = make("button", { type: "submit", className: "primary", textContent: "Save" });
  const back = make("button", { type: "button", textContent: "Back to the shipped sentences", hidden: !sign.own });
  const sheet = make("form", { noValidate: true }, [...fields, make("div", { className: "controls" }, [save, back])]);
  sheet.setAttribute("aria-label", words(sign.gesture));
  sheet.addEventListener("submit", (event) => {
    event.preventDefault();
    const sentences = Object.fromEntries(table.affects.map((affect) => [affect, sheet.elements[affect].value]));
    change(sign.gesture, sheet, { method: "PUT", body: JSON.stringify({ sentences }) }, "saved");
  });
  back.addEventListener("click", () => change(sign.gesture, sheet, { method: "DELETE" }, "as shipped again"));
  box.append(title, sheet);
  return box;
}

function field(sign, affect, language) {
  const id = `${sign.gesture}-${affect}`;
  const input = make("input", { id, name: affect, type: "text", lang: language, autocomplete: "off" });
  input.value = sign.sentences[affect] ?? "";
  input.setAttribute("aria-describedby", `${id}-error`);
  const label = make("label", { htmlFor: id, textContent: NAMES[affect] ?? affect });
  return make("div", { className: "field" }, [label, input, make("p", { id: `${id}-error`, className: "error" })]);
}

async function change(gesture, sheet, options, done) {
  try {
    fill(await ask(`/lexicon/${encodeURIComponent(gesture)}`, options));
    const again = document.getElementById(`sign-${gesture}`);
    again.open = true;
    again.querySelector("summary").focus();
    state.textContent = `${words(gesture)}: ${done}.`;
  } catch (error) {
    blame(gesture, sheet, error);
  }
}

function blame(gesture, sheet, error) {
  const fields = error.fields ?? {};
  for (const input of sheet.querySelectorAll("input")) {
    const wrong = fields[input.name];
    input.setAttribute("aria-invalid", String(Boolean(wrong)));
    document.getElementById(`${input.id}-error`).textContent = wrong ? sentence(wrong) : "";
  }
  state.textContent = `${words(gesture)}: not saved. ${sentence(error.message)}`;
  sheet.querySelector('[aria-invalid="true"]')?.focus();
}

function make(kind, properties, children = []) {
  const element = Object.assign(document.createElement(kind), properties);
  element.append(...children);
  return element;
}
