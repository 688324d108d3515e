// The rule form's threshold over the stored history. It is dragged in the chart, by the
// slider below, or typed into its condition; the server counts at every level, exactly,
// one question at a time. Without columns to answer, the panel stays away.

import { colour, drawChart } from "bellwether/chart.js";

const PATIENCE_MS = 400;
const HANDLE_PX = 24;
// From so many alerts on their dots are smaller.
const CROWD = 60;
const MORE = 0.05;

const form = document.getElementById("rule-form");
const panel = document.getElementById("threshold");
const part = (name) => document.getElementById(`threshold-${name}`);
const slider = part("level");
const keys = part("key");

let picture = null;
let charts = null;
let timer = 0;

// --- One question at a time; of those that wait the newest counts. -------------------

let asking = false;
let waiting = null;

async function ask(what) {
  if (asking) {
    // What asks for everything is not forgotten for what asks for less.
    waiting = waiting === "whole" ? "whole" : what;
    return;
  }
  asking = true;
  try {
    const answer = await fetch(panel.dataset.url, { method: "POST", body: bodyOf(what) });
    if (answer.ok && !answer.redirected) take((await answer.json()).picture, what);
  } catch {
    // The server cannot be reached; what the page shows stays, and the next drag asks.
  } finally {
    asking = false;
  }
  if (waiting) {
    const next = waiting;
    waiting = null;
    ask(next);
  }
}

function bodyOf(what) {
  const body = new FormData(form);
  body.set("threshold-part", what);
  body.set("threshold-key", keys.value);
  return body;
}

function take(answer, what) {
  panel.hidden = !answer;
  if (!answer) {
    picture = null;
    return;
  }
  if (what === "level" && picture) {
    const { level, ...news } = answer;
    picture = { ...picture, ...news };
  } else {
    picture = answer;
    drawWhole();
  }
  say();
  charts?.series.chart.redraw(false, true);
  charts?.curve.chart.redraw(false, true);
}

// --- What is said. ---------------------------------------------------------------------

const times = (count) => `${count.toLocaleString()} alert${count === 1 ? "" : "s"}`;

function say() {
  const { answer, marked, marks, key, level } = picture;
  const shown = marks[0].length;
  const rest = shown < marked ? `; the newest ${shown} are marked` : "";
  part("answer").textContent = answer;
  part("caption").textContent = `${key}: ${times(marked)} at ${level}${rest}.`;
  slider.setAttribute("aria-valuetext", `${level}. ${answer}`);
}

function fillTable({ texts, alerts, unit }) {
  part("unit").textContent = unit[0].toUpperCase() + unit.slice(1);
  part("curve-caption").textContent = `${part("unit").textContent} by threshold.`;
  part("rows").replaceChildren(
    ...texts.map((text, place) => {
      const row = document.createElement("tr");
      for (const value of [text, alerts[place].toLocaleString()]) {
        row.insertCell().textContent = value;
      }
      return row;
    }),
  );
}

// --- What is drawn. ----------------------------------------------------------------------

function drawWhole() {
  const { series, curve, keys: names, key } = picture;
  keys.replaceChildren(...names.map((name) => new Option(name, name, false, name === key)));
  keys.parentElement.hidden = names.length < 2;
  setSlider(curve.levels);
  fillTable(curve);
  charts?.series.end();
  charts?.curve.end();
  const [least, most] = rangeOf(curve.levels);
  charts = {
    series: drawChart(part("chart"), series, {
      scales: { y: { range: [least, most] } },
      series: [{}, { stroke: () => colour("color-primary"), width: 1.5 }],
      hooks: { drawClear: [shade], draw: [drawMarks, drawLevel] },
    }),
    curve: drawChart(part("curve"), [curve.levels, curve.alerts], {
      scales: { x: { time: false }, y: { range: (_, __, top) => [0, (top || 1) * 1.1] } },
      series: [{}, { stroke: () => colour("color-accent"), width: 1.5 }],
      hooks: { draw: [drawPlace] },
    }),
  };
  addHandle(charts.series.chart);
}

function rangeOf(levels) {
  const least = Math.min(...levels, picture.level);
  const most = Math.max(...levels, picture.level);
  const room = (most - least || 1) * MORE;
  return [least - room, most + room];
}

function setSlider(levels) {
  const gaps = levels.slice(1).map((one, place) => one - levels[place]);
  const step = Math.max(...gaps, 0) / 5 || 1;
  slider.min = Math.min(...levels, picture.level);
  slider.max = Math.max(...levels, picture.level);
  slider.step = Number(step.toPrecision(6));
  slider.value = picture.level;
}

const levelY = (chart) => chart.valToPos(picture.level, "y", true);

function shade(chart) {
  if (!picture.side) return;
  const { ctx, bbox } = chart;
  const foot = bbox.top + bbox.height;
  const y = Math.min(Math.max(levelY(chart), bbox.top), foot);
  const [top, bottom] = picture.side === "above" ? [bbox.top, y] : [y, foot];
  ctx.fillStyle = colour("critical-tint");
  ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
}

function drawLevel(chart) {
  const { ctx, bbox } = chart;
  stroke(ctx, colour("critical-solid"), [6, 4], (line) => {
    line.moveTo(bbox.left, levelY(chart));
    line.lineTo(bbox.left + bbox.width, levelY(chart));
  });
  const handle = chart.over.querySelector(".threshold-handle");
  if (handle) handle.style.top = `${chart.valToPos(picture.level, "y") - HANDLE_PX / 2}px`;
}

// A tick at the foot and a dot at the value: what was raised is seen without colour too.
function drawMarks(chart) {
  const { ctx, bbox } = chart;
  const foot = bbox.top + bbox.height;
  const [at, values] = picture.marks;
  stroke(ctx, colour("critical-solid"), [], (line) => {
    for (const one of at) {
      const x = chart.valToPos(one, "x", true);
      line.moveTo(x, foot);
      line.lineTo(x, foot - 8 * devicePixelRatio);
    }
  });
  ctx.fillStyle = colour("critical-solid");
  const radius = (at.length > CROWD ? 1.5 : 3) * devicePixelRatio;
  at.forEach((one, place) => {
    ctx.beginPath();
    const x = chart.valToPos(one, "x", true);
    ctx.arc(x, chart.valToPos(values[place], "y", true), radius, 0, 7);
    ctx.fill();
  });
}

function drawPlace(chart) {
  const { ctx, bbox } = chart;
  const x = chart.valToPos(picture.level, "x", true);
  stroke(ctx, colour("critical-solid"), [6, 4], (line) => {
    line.moveTo(x, bbox.top);
    line.lineTo(x, bbox.top + bbox.height);
  });
}

function stroke(ctx, style, dash, trace) {
  ctx.save();
  ctx.strokeStyle = style;
  ctx.lineWidth = 2 * devicePixelRatio;
  ctx.setLineDash(dash.map((one) => one * devicePixelRatio));
  ctx.beginPath();
  trace(ctx);
  ctx.stroke();
  ctx.restore();
}

// --- How it is moved. ----------------------------------------------------------------------

function addHandle(chart) {
  const handle = document.createElement("div");
  handle.className = "threshold-handle";
  chart.over.append(handle);
  const move = (event) => {
    const { top } = chart.over.getBoundingClientRect();
    slider.value = chart.posToVal(event.clientY - top, "y");
    setLevel(Number(slider.value));
  };
  handle.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    handle.setPointerCapture(event.pointerId);
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
  picture.level = level;
  document.getElementById(picture.control).value = String(level);
  charts.series.chart.redraw(false, true);
  charts.curve.chart.redraw(false, true);
  ask("level");
}

// The sentence, and whatever else follows the form, hears of it once it is let go.
function settle() {
  const control = picture && document.getElementById(picture.control);
  control?.dispatchEvent(new Event("change", { bubbles: true }));
}

slider.addEventListener("input", () => setLevel(Number(slider.value)));
slider.addEventListener("change", settle);
keys.addEventListener("change", () => ask("whole"));

// What else is changed in the form may be about another fact, or another cool-down.
function askSoon({ target }) {
  if (panel.contains(target)) return;
  clearTimeout(timer);
  timer = setTimeout(() => ask("whole"), PATIENCE_MS);
}
for (const change of ["input", "change", "drawn"]) form.addEventListener(change, askSoon);
ask("whole");
