// Toasts: news in the polite region for 6 s, errors in the alarm region until dismissed.
//
// A response asks for one with the header
//   HX-Trigger: {"toast": {"text": "Rule turned off.", "undo": "/w/ACME/rules/12/on"}}
// and pages with Django's messages, which _toasts.html writes into #messages.

const SECONDS = 6;

/** Say `text` for a while; `undo` is an address to post to. */
export function announce(text, { undo = "", level = "success" } = {}) {
  const isBad = level === "error" || level === "warning";
  const region = document.getElementById(isBad ? "alarms" : "toasts");
  const said = [...region.querySelectorAll("[data-text]")];
  // The same trouble again is no news.
  if (isBad && said.some((element) => element.textContent === text)) return;
  const template = document.getElementById("toast");
  const toast = template.content.firstElementChild.cloneNode(true);
  toast.classList.toggle("toast-error", isBad);
  toast.querySelector("[data-text]").textContent = text;
  if (undo) {
    const form = toast.querySelector("[data-undo]");
    form.action = undo;
    form.hidden = false;
  }
  const leave = () => toast.remove();
  toast.querySelector("[data-dismiss]").addEventListener("click", leave);
  region.append(toast);
  if (!isBad) leaveAfter(toast, leave);
}

// While a pointer or the focus rests on it, a toast stays.
function leaveAfter(toast, leave) {
  let timer = setTimeout(leave, SECONDS * 1000);
  const stay = () => clearTimeout(timer);
  const go = () => {
    clearTimeout(timer);
    timer = setTimeout(leave, SECONDS * 1000);
  };
  toast.addEventListener("pointerenter", stay);
  toast.addEventListener("pointerleave", go);
  toast.addEventListener("focusin", stay);
  toast.addEventListener("focusout", go);
}

function takeMessages() {
  for (const message of document.querySelectorAll("#messages .toast")) {
    announce(message.textContent.trim(), { level: message.dataset.level });
    message.remove();
  }
}

document.addEventListener("toast", (event) => {
  announce(event.detail.text, event.detail);
});
document.addEventListener("htmx:after:swap", takeMessages);
takeMessages();
