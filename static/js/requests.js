// What a person sees of a request: a bar after 150 ms, aria-busy, and a sentence when it
// fails. Answers with 404, 429 or 5xx never replace a part of the page (see _head.html).

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

document.addEventListener("htmx:response:error", (event) => {
  const { status, headers } = event.detail.ctx.response;
  if (isQuiet(event) || (status !== 404 && status !== 429 && status < 500)) return;
  const id = headers.get("X-Request-Id");
  const words = {
    404: "That is no longer there. Reload the page to see what is.",
    429: "Too many requests in a short time. Wait a moment, then try again.",
  };
  const said = words[status] ?? `The server could not do that (error ${status}).`;
  announce(id ? `${said} Request ${id}.` : said, { level: "error" });
});

document.addEventListener("htmx:error", (event) => {
  if (isQuiet(event) || event.detail.ctx?.response) return;
  announce("The server cannot be reached. Check the connection, then try again.", {
    level: "error",
  });
});
