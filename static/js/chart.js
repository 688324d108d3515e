// A chart in the console's colours: drawn anew when the theme or the width changes.

import uPlot from "uplot";

const root = document.documentElement;

// What canvases need as text: colours of the theme that is on.
export const colour = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();

const FONT = "12px Inter, system-ui, sans-serif";

const axis = (more) => ({
  stroke: () => colour("muted"),
  grid: { stroke: () => colour("line"), width: 1 },
  ticks: { stroke: () => colour("line"), width: 1 },
  font: FONT,
  ...more,
});

// Draws `data` (columns as uPlot takes them) into an element; `options` are uPlot's.
export function drawChart(area, data, options) {
  const size = () => ({ width: area.clientWidth, height: area.clientHeight });
  const chart = new uPlot(
    {
      legend: { show: false },
      cursor: { show: false },
      padding: [8, 8, 0, 0],
      ...options,
      ...size(),
      axes: [axis({ space: 72, size: 28 }), axis({ space: 32, size: 56 })].map(
        (one, place) => ({ ...one, ...options.axes?.[place] }),
      ),
    },
    data,
    area,
  );
  const redraw = () => chart.redraw(false, true);
  const resizing = new ResizeObserver(() => chart.setSize(size()));
  const system = matchMedia("(prefers-color-scheme: dark)");
  resizing.observe(area);
  document.addEventListener("theme:changed", redraw);
  system.addEventListener("change", redraw);
  return {
    chart,
    end() {
      resizing.disconnect();
      document.removeEventListener("theme:changed", redraw);
      system.removeEventListener("change", redraw);
      chart.destroy();
    },
  };
}
