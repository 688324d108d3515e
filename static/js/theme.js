// Theme: the system's, light or dark; each press of the button takes the next one.

import { remember } from "bellwether/cookie.js";

const NEXT = { "": "light", light: "dark", dark: "" };
const root = document.documentElement;

export function setTheme(theme) {
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
  remember("theme", theme);
  document.dispatchEvent(new CustomEvent("theme:changed"));
}

for (const button of document.querySelectorAll("[data-theme-switch]")) {
  button.hidden = false;
  button.addEventListener("click", () => setTheme(NEXT[root.dataset.theme ?? ""]));
}
