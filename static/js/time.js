// Relative times that stay true: <time datetime data-relative>. The absolute time stays
// in the title, and in the text itself while there is no script.

const UNITS = [
  [60, 1, "s"],
  [3600, 60, "min"],
  [86_400, 3600, "h"],
  [604_800, 86_400, "d"],
];

/** Say how long ago `then` was: "now", "12 s ago", "in 5 min", or the day itself. */
export function relative(then, now) {
  const seconds = Math.round((now - then) / 1000);
  const size = Math.abs(seconds);
  if (size < 2) return "now";
  for (const [below, one, unit] of UNITS) {
    if (size < below) {
      const words = `${Math.floor(size / one)} ${unit}`;
      return seconds > 0 ? `${words} ago` : `in ${words}`;
    }
  }
  return then.toLocaleDateString(undefined, {
    day: "numeric",
    month: "short",
    year: "numeric",
  });
}

/** Write the instant `iso` into a <time> element. */
export function setTime(element, iso) {
  const then = new Date(iso);
  element.dateTime = iso;
  element.title = then.toLocaleString(undefined, {
    dateStyle: "medium",
    timeStyle: "long",
  });
  element.textContent = relative(then, new Date());
}

function tick() {
  const now = new Date();
  for (const element of document.querySelectorAll("time[data-relative][datetime]")) {
    const text = relative(new Date(element.dateTime), now);
    if (element.textContent !== text) element.textContent = text;
  }
}

if (globalThis.document) {
  tick();
  setInterval(tick, 1000);
  document.addEventListener("htmx:after:swap", tick);
}
