// The frame's end of the socket: the pill says how alerts arrive, the badge and the
// window's title count those that nobody has seen. feed.js listens to the same socket.

import { Feed } from "bellwether/socket.js";

// After so many failures without a single success sockets are taken to be blocked.
const BLOCKED_AFTER = 3;
const pill = document.getElementById("connection");
const retry = pill.querySelector("[data-retry]");
const wait = pill.querySelector("[data-wait]");
const isFeedPage = Boolean(document.getElementById("feed"));
let unread = Number(document.querySelector("[data-unread]")?.textContent || 0);
let retryAt = null;
let state = "connecting";
let isPaused = false;

const scheme = location.protocol === "https:" ? "wss:" : "ws:";
const { socket, since, epoch } = pill.dataset;

export const feed = new Feed(`${scheme}//${location.host}${socket}`, {
  since: since === "" ? null : Number(since),
  epoch: epoch || null,
});

/** Show that the page holds arrivals back, or no longer does. */
export function showPaused(paused) {
  isPaused = paused;
  draw();
}

/** Say whether the page has to ask by itself, because no socket ever opened. */
export function mustPoll() {
  return !feed.everLive && feed.failures >= BLOCKED_AFTER;
}

/** Show how many alerts arrived unseen. */
export function setUnread(count) {
  unread = count;
  for (const badge of document.querySelectorAll("[data-unread]")) {
    badge.textContent = unread || "";
  }
  const plain = document.title.replace(/^\(\d+\) /, "");
  document.title = unread ? `(${unread}) ${plain}` : plain;
}

function shownState() {
  if (state === "live") return isPaused ? "paused" : "live";
  return state === "waiting" && isFeedPage && mustPoll() ? "polling" : state;
}

function draw() {
  pill.hidden = false;
  const shown = shownState();
  for (const part of pill.querySelectorAll("[data-when]")) {
    part.hidden = part.dataset.when !== shown;
  }
  retry.hidden = state !== "waiting";
  const seconds = Math.max(0, Math.ceil(((retryAt ?? 0) - Date.now()) / 1000));
  wait.textContent = retryAt ? `${seconds} s` : "";
}

feed.addEventListener("state", (event) => {
  ({ state, retryAt } = event.detail);
  draw();
});

feed.addEventListener("frame", (event) => {
  // For parts of pages that read themselves again: hx-trigger="feed-grown from:body".
  if (event.detail.seq) document.body.dispatchEvent(new CustomEvent("feed-grown"));
  const isNew = ["opened", "raised"].includes(event.detail.kind);
  if (isNew && !isFeedPage) setUnread(unread + 1);
});

setInterval(() => state === "waiting" && draw(), 1000);
retry.addEventListener("click", () => feed.retry());
feed.start();
