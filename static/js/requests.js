// What a person sees of a request: a bar after 150 ms, aria-busy, and a sentence when it
// fails. Answers with 403, 404, 429 or 5xx never replace a part of the page
// (_head.html).

import { announce } from "bellwether/toast.js";

const PATIENCE_MS = 150;
// Requests that nobody asked for run and fail quietly; the next one follows soon.
const BY_ITSELF = new Set(["every", "feed-grown"]);
const bars = new Map();

const isQuiet = (event) => BY_ITSELF.has(event.detail.ctx?.sourceEvent?.type);

document.addEventListener("htmx:before:request", (event) => {
  if (isQuiet(event)) return;
  const { ctx } = event.detail;
  const timer = setTimeout(() => {
    const bar = document.createElement("div");
    bar.className = "busy-bar";
    document.body.append(bar);
    ctx.target?.setAttribute("aria-busy", "true");
    bars.set(ctx, { ...bars.get(ctx), bar });
  }, PATIENCE_MS);
  bars.set(ctx, { timer });
});

document.addEventListener("htmx:finally:request", (event) => {
  const { ctx } = event.detail;
  const { timer, bar } = bars.get(ctx) ?? {};
  clearTimeout(timer);
  bar?.remove();
  ctx.target?.removeAttribute?.("aria-busy");
  bars.delete(ctx);
});

const REFUSALS = {
  403: "You may not do that in this workspace.",
  404: "That is no longer there. Reload the page to see what is.",
  429: "Too many requests in a short time. Wait a moment, then try again.",
};

document.addEventListener("htmx:response:error", (event) => {
  const { status, headers } = event.detail.ctx.response;
  if (isQuiet(event) || (!REFUSALS[status] && status < 500)) return;
  const id = headers.get("X-Request-Id");
  const said = REFUSALS[status] ?? `The server could not do that (error ${status}).`;
  announce(id ? `${said} Request ${id}.` : said, { level: "error" });
});

// Who is signed out meanwhile is led to the sign-in page, not shown it inside another.
document.addEventListener("htmx:after:request", (event) => {
  const { raw } = event.detail.ctx.response;
  const { login } = document.body.dataset;
  if (!login || !raw.redirected || new URL(raw.url).pathname !== login) return;
  event.preventDefault();
  location.assign(`${login}?next=${encodeURIComponent(location.pathname)}`);
});

document.addEventListener("htmx:error", (event) => {
  if (isQuiet(event) || event.detail.ctx?.response) return;
  announce("The server cannot be reached. Check the connection, then try again.", {
    level: "error",
  });
});
