// Notes to the user: one of a kind, until it is closed.

const place = document.getElementById("alerts");

/** Show a note; `action` has a `name` for its button and `go`, what it does. */
export function note(kind, text, action) {
  forget(kind);
  const box = Object.assign(document.createElement("div"), { className: "alert", id: `alert-${kind}` });
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: action?.name ?? "Close" });
  button.addEventListener("click", () => { forget(kind); action?.go(); });
  box.append(Object.assign(document.createElement("p"), { textContent: text }), button);
  place.append(box);
}

export function forget(kind) {
  document.getElementById(`alert-${kind}`)?.remove();
}

/** A line of the server as a sentence. */
export function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}
