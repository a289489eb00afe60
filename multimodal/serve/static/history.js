// What was said, the newest first, until the page is closed or the list is cleared.

import { words } from "./draw.js";

const MOST = 200;
const [list, nothing, clear] = ["history", "nothing", "forget"].map((id) => document.getElementById(id));

export function remember({ text, gesture, affect }, language) {
  const why = affect === "none" ? words(gesture) : `${words(gesture)}, ${affect}`;
  const item = document.createElement("li");
  item.append(
    Object.assign(document.createElement("time"), { textContent: new Date().toLocaleTimeString() }),
    Object.assign(document.createElement("span"), { className: "said", textContent: text, lang: language }),
    Object.assign(document.createElement("span"), { className: "why", textContent: ` (${why})` }),
  );
  list.prepend(item);
  while (list.childElementCount > MOST) list.lastElementChild.remove();
  show();
}

function show() {
  const empty = list.childElementCount === 0;
  nothing.hidden = !empty;
  list.hidden = clear.hidden = empty;
}

clear.addEventListener("click", () => {
  list.replaceChildren();
  show();
});
