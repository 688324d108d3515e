// Small helps of single controls: copy a text, show a password.

import { announce } from "bellwether/toast.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  await navigator.clipboard.writeText(source.value ?? source.textContent.trim());
  announce("Copied");
});

for (const button of document.querySelectorAll("[data-copy]")) {
  // Browsers lend the clipboard to secure pages only.
  button.hidden = !navigator.clipboard;
}

for (const button of document.querySelectorAll("[data-reveal]")) {
  const field = document.getElementById(button.dataset.reveal);
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = field.type === "password";
    field.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
  });
}
