// The live feed: arrivals into the list, in order and once; pause; keys; words for those
// who listen. A pushed entry and a reload of the page show the same.

import { feed, mustPoll, setUnread, showPaused } from "bellwether/connection.js";
import { remember } from "bellwether/cookie.js";
import { arrivalsText, matches, orderOf, saidText } from "bellwether/feed-list.js";
import { readText } from "bellwether/feed-page.js";
import { drawGap, drawNote, drawRow, orderOfRow } from "bellwether/feed-row.js";
import { areOn, isTyping } from "bellwether/shortcuts.js";
import { announce } from "bellwether/toast.js";

const LONGEST_LIST = 500;
const POLL_MS = 5000;
const SAY_MS = 5000;
const ALARM_MS = 15_000;
const FRESH_MS = 2000;
const SCROLLED_PX = 200;
// Above so many arrivals in one second the list is brought up to date twice a second.
const STORM = 20;
const STORM_MS = 500;

const list = document.getElementById("feed");
const held = new Map();
const waiting = [];
let isPaused = false;
let flushPlanned = false;
let arrivedThisSecond = 0;

const rows = () => [...list.querySelectorAll(":scope > article")];
const rowOf = (id) => list.querySelector(`:scope > [data-id="${CSS.escape(id)}"]`);
const idOf = (frame) => frame.alert?.id ?? `note-${frame.seq}`;
const isSearch = Boolean(list.dataset.severity || list.dataset.q);
const belongs = (frame) =>
  frame.alert ? matches(frame.alert, list.dataset) : !isSearch;

// A page with older ones behind it ends where they begin.
function isBeyond(frame) {
  const last = "hasOlder" in list.dataset && rows().at(-1);
  const at = frame.alert?.recorded_at ?? frame.at;
  return Boolean(last) && orderOf(at, idOf(frame)) < orderOfRow(last);
}

// Arrivals -------------------------------------------------------------------------

feed.addEventListener("frame", (event) => {
  const frame = event.detail;
  if (frame.type === "alert.changed" || frame.type === "feed.note") {
    arrivedThisSecond += 1;
    waiting.push(frame);
    planFlush();
  } else if (frame.type === "gap") {
    insert(drawGap(frame, () => location.reload()));
  } else if (frame.type === "reset" || frame.type === "expired") readPage();
});

// A hidden page draws no frames, so it counts on a timer instead.
function planFlush() {
  if (flushPlanned) return;
  flushPlanned = true;
  const isStorm = arrivedThisSecond > STORM;
  if (isStorm || document.hidden) setTimeout(flush, STORM_MS);
  else requestAnimationFrame(flush);
}

function flush() {
  flushPlanned = false;
  for (const frame of waiting.splice(0)) take(frame);
  showHeld();
  settle();
}

// A row that is in the list changes where it stands; a new one waits while someone reads.
function take(frame) {
  const row = rowOf(idOf(frame));
  if (row) {
    if (Number(row.dataset.seq) >= frame.seq) return;
    if (!belongs(frame)) return leave(drawRow(frame, row));
    if (frame.alert) drawRow(frame, row);
    return;
  }
  if (!belongs(frame) || isBeyond(frame)) {
    held.delete(idOf(frame));
    return;
  }
  if (!held.has(idOf(frame))) listen(frame);
  if (mustHold()) held.set(idOf(frame), frame);
  else show(frame);
}

function show(frame) {
  const row = frame.alert ? drawRow(frame) : drawNote(frame);
  row.dataset.fresh = "";
  setTimeout(() => delete row.dataset.fresh, FRESH_MS);
  insert(row);
}

function insert(row) {
  const order = row.dataset.at && orderOf(row.dataset.at, row.dataset.id);
  const after = rows().find((other) => orderOfRow(other) < order);
  list.insertBefore(row, after ?? null);
}

// Nothing vanishes under a reader: a row with the focus goes when the focus has gone.
function leave(row) {
  if (!row.contains(document.activeElement)) return row.remove();
  row.addEventListener("focusout", () => setTimeout(() => leave(row)), { once: true });
  return undefined;
}

function settle() {
  const all = rows();
  for (const row of all.slice(LONGEST_LIST)) leave(row);
  all.forEach((row, index) => row.setAttribute("aria-posinset", String(index + 1)));
}

// Pause ----------------------------------------------------------------------------

const pauseButton = document.querySelector("[data-pause]");
const arrivals = document.querySelector("[data-show-arrivals]");

function isReading() {
  const selection = getSelection();
  const hasSelection = !selection.isCollapsed && list.contains(selection.anchorNode);
  return (
    scrollY > SCROLLED_PX || list.contains(document.activeElement) || hasSelection
  );
}

const mustHold = () => isPaused || document.hidden || isReading();

function setPaused(paused) {
  isPaused = paused;
  pauseButton.setAttribute("aria-pressed", String(paused));
  showPaused(paused);
  if (!mustHold()) release();
}

function showHeld() {
  const alerts = [...held.values()].filter((frame) => frame.alert);
  const critical = alerts.filter((frame) => frame.alert.severity === "critical");
  const text = arrivalsText(held.size, critical.length);
  arrivals.hidden = !text;
  if (arrivals.textContent !== text) arrivals.textContent = text;
  if (document.hidden) setUnread(alerts.length);
}

function release() {
  for (const frame of held.values()) show(frame);
  held.clear();
  showHeld();
  settle();
}

function mayRelease() {
  if (held.size && !mustHold()) release();
}

pauseButton.hidden = false;
pauseButton.addEventListener("click", () => setPaused(!isPaused));
arrivals.addEventListener("click", () => {
  release();
  scrollTo({ top: 0 });
});
addEventListener("scroll", mayRelease, { passive: true });
list.addEventListener("focusout", () => setTimeout(mayRelease));
document.addEventListener("selectionchange", mayRelease);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  setUnread(0);
  mayRelease();
});
setUnread(0);

// Words for those who listen -------------------------------------------------------

const choice = document.querySelector("[data-announce]");
const news = { count: 0, critical: 0, alarm: "" };

function listen(frame) {
  if (frame.kind !== "opened" && frame.kind !== "raised") return;
  news.count += 1;
  if (frame.alert.severity !== "critical") return;
  news.critical += 1;
  news.alarm = `Critical: ${frame.alert.rule.name}, ${frame.alert.reason}`;
}

setInterval(() => {
  arrivedThisSecond = 0;
}, 1000);

setInterval(() => {
  if (news.count && choice.value === "all") {
    document.getElementById("feed-said").textContent = saidText(
      news.count,
      news.critical,
    );
  }
  news.count = 0;
  news.critical = 0;
}, SAY_MS);

setInterval(() => {
  if (news.alarm && choice.value !== "off") {
    document.getElementById("feed-alarm").textContent = news.alarm;
  }
  news.alarm = "";
}, ALARM_MS);

choice.value = localStorage.getItem("announce") ?? "all";
choice.addEventListener("change", () =>
  localStorage.setItem("announce", choice.value),
);

// Acknowledge ----------------------------------------------------------------------

list.addEventListener("submit", async (event) => {
  const form = event.target.closest("[data-acknowledge]");
  if (!form) return;
  event.preventDefault();
  const row = form.closest("article");
  const byKeyboard = document.activeElement?.matches(":focus-visible");
  form.querySelector("button").disabled = true;
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body: new FormData(form),
      headers: { Accept: "application/json" },
    });
    // Whoever is signed out is led to another page.
    if (!answer.ok || answer.redirected) throw new Error(answer.status);
    form.hidden = true;
    if (byKeyboard) row.focus();
    else document.activeElement?.blur();
    if (!feed.everLive) await readPage();
  } catch {
    announce("The alert could not be acknowledged. Check the connection, try again.", {
      level: "error",
    });
  } finally {
    form.querySelector("button").disabled = false;
  }
});

// Keys -----------------------------------------------------------------------------

function step(by) {
  const all = rows();
  const at = all.indexOf(document.activeElement?.closest("#feed > article"));
  all.at(Math.max(0, Math.min(all.length - 1, at + by)))?.focus();
}

// The controls around the feed, for the keys that leave it (APG, feed pattern).
function leaveFeed(isForward) {
  const all = [...document.querySelectorAll("a[href], button, input, select, summary")];
  const outside = all.filter((e) => !list.contains(e) && e.checkVisibility());
  const isAfter = (e) =>
    Boolean(list.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING);
  const target = isForward
    ? outside.find(isAfter)
    : outside.findLast((e) => !isAfter(e));
  target?.focus();
}

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  PageDown: () => step(1),
  PageUp: () => step(-1),
  a: (row) => row?.querySelector("[data-acknowledge]:not([hidden])")?.requestSubmit(),
  Enter: (row) => row?.querySelector("h2 a")?.click(),
  " ": () => setPaused(!isPaused),
};
const IN_ROWS_ONLY = new Set(["PageDown", "PageUp", "a", "Enter"]);

document.addEventListener("keydown", (event) => {
  const row = event.target.closest?.("#feed > article");
  if (row && event.ctrlKey && ["Home", "End"].includes(event.key)) {
    event.preventDefault();
    leaveFeed(event.key === "End");
    return;
  }
  const act = KEYS[event.key];
  if (!act || isTyping(event)) return;
  const isPaging = event.key.startsWith("Page");
  if (!areOn() && !isPaging && event.key !== "Enter") return;
  if (IN_ROWS_ONLY.has(event.key) && !row) return;
  // Enter and Space on a control are the control's own.
  const onControl = event.target.closest("a, button, summary");
  if (onControl && ["Enter", " "].includes(event.key)) return;
  event.preventDefault();
  act(row);
});

// Reading the page again: when the feed began anew, and where no socket opens ---------

let isCurrent = true;

// What cannot be read leaves the list as it is, and is told once until it can be again.
async function readPage() {
  list.setAttribute("aria-busy", "true");
  try {
    const text = await readText(location.href);
    const page = new DOMParser().parseFromString(text, "text/html");
    adopt([...page.querySelectorAll("#feed > article")]);
    isCurrent = true;
  } catch {
    if (isCurrent) {
      announce(
        "The feed could not be brought up to date. Check the connection; if you were " +
          "signed out, load the page again.",
        { level: "error" },
      );
    }
    isCurrent = false;
  } finally {
    list.removeAttribute("aria-busy");
  }
}

function adopt(fresh) {
  const kept = new Set(fresh.map((row) => row.dataset.id));
  for (const row of rows()) if (!kept.has(row.dataset.id)) leave(row);
  for (const row of fresh) {
    const old = rowOf(row.dataset.id);
    if (!old) insert(document.importNode(row, true));
    else if (old.dataset.seq !== row.dataset.seq) old.replaceWith(row);
  }
  settle();
}

setInterval(() => {
  if (mustPoll() && !mustHold()) readPage();
}, POLL_MS);

// Density --------------------------------------------------------------------------

const density = document.querySelector("[data-density-switch]");
const root = document.documentElement;
const showDensity = () =>
  density.setAttribute("aria-pressed", String(root.dataset.density === "compact"));

density.hidden = false;
showDensity();
density.addEventListener("click", () => {
  const isCompact = root.dataset.density === "compact";
  if (isCompact) delete root.dataset.density;
  else root.dataset.density = "compact";
  remember("density", isCompact ? "" : "compact");
  showDensity();
});
