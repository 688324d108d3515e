// The rule form's threshold over the stored history. It is dragged in the chart, by the
// slider below, or typed into its condition; the server counts at every level, exactly,
// one question at a time. While the history is being prepared the panel says so and asks
// again; for a rule that has no one threshold it stays away.

import { keyName } from "bellwether/feed-list.js";
import { drawCurve, drawSeries } from "bellwether/threshold-picture.js";

const PATIENCE_MS = 400;
const AGAIN_MS = 2000;

const form = document.getElementById("rule-form");
const panel = document.getElementById("threshold");
const part = (name) => document.getElementById(`threshold-${name}`);
const slider = part("level");
const keys = part("key");

let picture = null;
let charts = {};
let curve = new Map();
let timer = 0;
let held = false;
let settling = false;

// --- One question at a time; of those that wait the newest counts. -------------------

// What asks for everything is not forgotten for what asks for less. The curve stays the
// same while the level is dragged, so it is asked for beside it, in shares, and not then.
const asking = { picture: false, curve: false };
let waiting = null;
let drawnFor = 0;

async function ask(what) {
  if (asking.picture) {
    waiting = waiting === "whole" ? "whole" : what;
    return;
  }
  asking.picture = true;
  const answer = await answerTo(what);
  asking.picture = false;
  if (answer) take(answer, what);
  if (waiting) {
    const next = waiting;
    waiting = null;
    ask(next);
  }
}

async function askCurve() {
  if (asking.curve) return;
  asking.curve = true;
  let asked = 0;
  for (let share = 0; share !== null; ) {
    if (asked !== drawnFor) {
      asked = drawnFor;
      share = 0;
      curve = new Map();
    }
    if (held) {
      await new Promise((go) => setTimeout(go, PATIENCE_MS));
      continue;
    }
    const answer = await answerTo("curve", share);
    const points = answer?.picture?.curve;
    if (asked !== drawnFor) continue;
    if (!points || !picture) break;
    takeCurve(points);
    share = points.after;
  }
  asking.curve = false;
}

async function answerTo(what, share = 0) {
  const body = new FormData(form);
  body.set("threshold-part", what);
  body.set("threshold-share", share);
  body.set("threshold-key", keys.value);
  try {
    const answer = await fetch(panel.dataset.url, { method: "POST", body });
    if (answer.ok && !answer.redirected) return await answer.json();
  } catch {
    // The server cannot be reached; what the page shows stays, and the next drag asks.
  }
  return null;
}

function take({ picture: answer, waiting: until, why }, what) {
  part("waiting").textContent = why ?? until ?? "";
  panel.hidden = !answer;
  if (!answer) {
    picture = null;
    if (until) askSoon(AGAIN_MS);
    return;
  }
  if (what === "level") {
    if (!picture) return;
    // The hand may be further by now than the level that this answers for.
    const { level, ...news } = answer;
    Object.assign(picture, news, { counted: level });
  } else {
    picture = { ...answer, counted: answer.level };
    drawWhole();
    if (answer.growing) askSoon(AGAIN_MS);
  }
  say();
  redraw();
}

function takeCurve({ levels, texts, alerts, unit }) {
  levels.forEach((level, place) => {
    curve.set(level, { level, text: texts[place], alerts: alerts[place] });
  });
  const points = [...curve.values()].sort((one, other) => one.level - other.level);
  fillTable(points, unit);
  charts.curve?.end();
  charts.curve = drawCurve(part("curve"), points, () => picture?.level ?? NaN);
}

// --- What is said. ---------------------------------------------------------------------

const times = (count) => `${count.toLocaleString()} alert${count === 1 ? "" : "s"}`;

function say() {
  const { answer, marked, marks, key, counted } = picture;
  const shown = marks[0].length;
  const rest = shown < marked ? `; the newest ${shown} are marked` : "";
  part("answer").textContent = answer;
  const about = keyName({ key }) && `${key}: `;
  part("caption").textContent = `${about}${times(marked)} at ${counted}${rest}.`;
  slider.setAttribute("aria-valuetext", `${counted}. ${answer}`);
}

function fillTable(points, unit) {
  part("unit").textContent = unit[0].toUpperCase() + unit.slice(1);
  part("curve-caption").textContent = `${part("unit").textContent} by threshold.`;
  part("rows").replaceChildren(
    ...points.map(({ text, alerts }) => {
      const row = document.createElement("tr");
      for (const value of [text, alerts.toLocaleString()]) {
        row.insertCell().textContent = value;
      }
      return row;
    }),
  );
}

function drawWhole() {
  const { keys: names, key } = picture;
  keys.replaceChildren(...names.map((name) => new Option(name, name, false, name === key)));
  keys.parentElement.hidden = names.length < 2;
  setSlider(picture);
  charts.series?.end();
  charts.series = drawSeries(part("chart"), picture);
  addHandle(charts.series.chart);
  drawnFor += 1;
  askCurve();
}

function redraw() {
  for (const one of Object.values(charts)) one.chart.redraw(false, true);
}

function setSlider({ levels, level }) {
  const gaps = levels.slice(1).map((one, place) => one - levels[place]);
  const step = Math.max(...gaps, 0) / 5 || 1;
  slider.min = Math.min(...levels, level);
  slider.max = Math.max(...levels, level);
  slider.step = Number(step.toPrecision(6));
  slider.value = level;
}

// --- How it is moved. ----------------------------------------------------------------------

function addHandle(chart) {
  const handle = document.createElement("div");
  handle.className = "threshold-handle";
  chart.over.append(handle);
  let grip = 0;
  const move = (event) => {
    const { top } = chart.over.getBoundingClientRect();
    slider.value = chart.posToVal(event.clientY - top - grip, "y");
    setLevel(Number(slider.value));
  };
  handle.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    handle.setPointerCapture(event.pointerId);
    const { top } = chart.over.getBoundingClientRect();
    grip = event.clientY - top - chart.valToPos(picture.level, "y");
    held = true;
    handle.addEventListener("pointermove", move);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    handle.addEventListener(end, () => {
      handle.removeEventListener("pointermove", move);
      settle();
    });
  }
  chart.redraw(false, true);
}

function setLevel(level) {
  held = true;
  picture.level = level;
  document.getElementById(picture.control).value = String(level);
  redraw();
  ask("level");
}

// The sentence, and whatever else follows the form, hears of it once it is let go; what
// is drawn here has followed all the way.
function settle() {
  held = false;
  settling = true;
  const control = picture && document.getElementById(picture.control);
  control?.dispatchEvent(new Event("change", { bubbles: true }));
  settling = false;
}

slider.addEventListener("input", () => setLevel(Number(slider.value)));
slider.addEventListener("change", settle);
keys.addEventListener("change", () => ask("whole"));

// Nothing is drawn anew under the hand that drags.
function askSoon(after) {
  clearTimeout(timer);
  timer = setTimeout(() => (held ? askSoon(AGAIN_MS) : ask("whole")), after);
}

// What else is changed in the form may be about another fact, or another cool-down.
for (const change of ["input", "change", "drawn"]) {
  form.addEventListener(change, ({ target }) => {
    if (!settling && !panel.contains(target)) askSoon(PATIENCE_MS);
  });
}
ask("whole");
