// Single-key shortcuts: `?` the sheet, `C` create a rule, `/` the filter, `G` and a letter
// a page. They can be switched off (WCAG 2.1.4) and never act while someone types.

import { announce } from "bellwether/toast.js";

const CHORD_MS = 1200;
const sheet = document.getElementById("shortcuts");
const choice = sheet.querySelector("[data-shortcuts-on]");
let chordUntil = 0;

export function areOn() {
  return localStorage.getItem("shortcuts") !== "off";
}

/** Say whether a key press is meant for a control rather than for the page. */
export function isTyping(event) {
  return (
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    Boolean(document.querySelector("dialog[open]")) ||
    Boolean(event.target.closest?.("input, select, textarea, [contenteditable]"))
  );
}

// Links say their letter themselves: data-key="g h", data-key="c".
function follow(keys) {
  const link = document.querySelector(`a[data-key="${CSS.escape(keys)}"]`);
  link?.click();
  return Boolean(link);
}

function focusFilter() {
  const filter = document.querySelector("[data-filter]");
  filter?.focus();
  return Boolean(filter);
}

document.addEventListener("keydown", (event) => {
  if (!areOn() || isTyping(event)) return;
  const key = event.key.toLowerCase();
  const inChord = event.timeStamp < chordUntil;
  chordUntil = 0;
  let isDone = false;
  if (inChord) isDone = follow(`g ${key}`);
  else if (key === "g") chordUntil = event.timeStamp + CHORD_MS;
  else if (key === "?") {
    sheet.showModal();
    isDone = true;
  } else if (key === "/") isDone = focusFilter();
  else isDone = follow(key);
  if (isDone) event.preventDefault();
});

for (const button of document.querySelectorAll("[data-shortcuts]")) {
  button.hidden = false;
  button.addEventListener("click", () => sheet.showModal());
}

sheet.addEventListener("click", (event) => {
  if (event.target === sheet) sheet.close();
});

choice.checked = areOn();
choice.addEventListener("change", () => {
  localStorage.setItem("shortcuts", choice.checked ? "on" : "off");
  announce(choice.checked ? "Shortcuts are on." : "Shortcuts are off.");
});
