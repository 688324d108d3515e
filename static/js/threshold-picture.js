// What is drawn of a rule's threshold: the values with its alerts, and the curve of how
// many alerts other levels would raise. A picture is what the server says of it.

import { colour, drawChart } from "bellwether/chart.js";

// From so many alerts on their dots are smaller.
const CROWD = 60;
const MORE = 0.05;
const SHORT = new Intl.NumberFormat(undefined, { notation: "compact" });

// Draws the values into an element; what is marked follows `picture` as it changes.
export function drawSeries(area, picture) {
  const [least, most] = rangeOf(picture);
  return drawChart(area, picture.series, {
    scales: { y: { range: [least, most] } },
    series: [{}, { stroke: () => colour("color-primary"), width: 1.5 }],
    hooks: {
      drawClear: [(chart) => shade(chart, picture)],
      draw: [(chart) => drawMarks(chart, picture.marks), (chart) => drawLevel(chart, picture)],
    },
  });
}

// Draws how many alerts each level would raise, and where among them a level stands.
export function drawCurve(area, points, levelNow) {
  const columns = [points.map(({ level }) => level), points.map(({ alerts }) => alerts)];
  return drawChart(area, columns, {
    scales: { x: { time: false }, y: { range: (_, __, top) => [0, (top || 1) * 1.1] } },
    axes: [{}, { values: (_, counts) => counts.map((one) => SHORT.format(one)) }],
    series: [{}, { stroke: () => colour("color-accent"), width: 1.5 }],
    hooks: { draw: [(chart) => drawPlace(chart, levelNow())] },
  });
}

function rangeOf({ levels, level }) {
  const least = Math.min(...levels, level);
  const most = Math.max(...levels, level);
  const room = (most - least || 1) * MORE;
  return [least - room, most + room];
}

function shade(chart, { side, level }) {
  if (!side) return;
  const { ctx, bbox } = chart;
  const foot = bbox.top + bbox.height;
  const y = Math.min(Math.max(chart.valToPos(level, "y", true), bbox.top), foot);
  const [top, bottom] = side === "above" ? [bbox.top, y] : [y, foot];
  ctx.fillStyle = colour("critical-tint");
  ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
}

function drawLevel(chart, { level }) {
  const { ctx, bbox } = chart;
  const y = chart.valToPos(level, "y", true);
  stroke(ctx, colour("critical-solid"), [6, 4], (line) => {
    line.moveTo(bbox.left, y);
    line.lineTo(bbox.left + bbox.width, y);
  });
  const handle = chart.over.querySelector(".threshold-handle");
  if (handle) handle.style.top = `${chart.valToPos(level, "y") - handle.offsetHeight / 2}px`;
}

// A tick at the foot and a dot at the value: what was raised is seen without colour too.
function drawMarks(chart, [at, values]) {
  const { ctx, bbox } = chart;
  const foot = bbox.top + bbox.height;
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

function drawPlace(chart, level) {
  const { ctx, bbox } = chart;
  const x = chart.valToPos(level, "x", true);
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
