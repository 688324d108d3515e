// The rail: collapse it, and close its menus the way menus close.

import { remember } from "bellwether/cookie.js";

const root = document.documentElement;

function show(button) {
  const isNarrow = root.dataset.rail === "narrow";
  button.setAttribute("aria-expanded", String(!isNarrow));
  button.querySelector(".rail-label").textContent = isNarrow ? "Expand" : "Collapse";
}

for (const button of document.querySelectorAll("[data-rail-switch]")) {
  button.hidden = false;
  show(button);
  button.addEventListener("click", () => {
    const isNarrow = root.dataset.rail === "narrow";
    if (isNarrow) delete root.dataset.rail;
    else root.dataset.rail = "narrow";
    remember("rail", isNarrow ? "" : "narrow");
    show(button);
  });
}

const openMenus = () => document.querySelectorAll("details[data-popup][open]");

document.addEventListener("click", (event) => {
  for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of openMenus()) {
    const hadFocus = menu.contains(document.activeElement);
    menu.open = false;
    if (hadFocus) menu.querySelector("summary").focus();
  }
});

document.addEventListener("focusin", (event) => {
  for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
});
