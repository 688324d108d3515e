// Draws entries of the feed from the page's own patterns, as the server draws them.

import { keyName, orderOf, shownState } from "bellwether/feed-list.js";
import { setTime } from "bellwether/time.js";

const pattern = (id) =>
  document.getElementById(id).content.querySelector("article").cloneNode(true);

function chip(name) {
  const chips = document.getElementById("feed-chips").content;
  return chips.querySelector(`[data-chip="${name}"]`).cloneNode(true);
}

export const orderOfRow = (row) => orderOf(row.dataset.at, row.dataset.id);

/** Return a row for a frame, or the existing row brought up to it. */
export function drawRow(frame, row = pattern("feed-row")) {
  const { alert } = frame;
  const slot = (name) => row.querySelector(`[data-slot="${name}"]`);
  row.id = `alert-${alert.id}`;
  Object.assign(row.dataset, {
    id: alert.id,
    seq: frame.seq,
    at: alert.recorded_at,
    severity: alert.severity,
  });
  row.setAttribute("aria-labelledby", `${row.id}-title`);
  row.querySelector("h2").id = `${row.id}-title`;
  slot("severity").replaceChildren(chip(alert.severity));
  slot("rule").textContent = alert.rule.name;
  slot("rule").href = alert.url;
  slot("key").textContent = alert.key;
  slot("key").hidden = !keyName(alert);
  slot("reason").textContent = alert.reason;
  slot("simulated").hidden = !alert.simulated;
  slot("historical").hidden = !alert.historical;
  slot("state").replaceChildren(stateChip(alert));
  setTime(row.querySelector("time"), alert.recorded_at);
  const form = row.querySelector("[data-acknowledge]");
  if (form) {
    form.action = `${alert.url}/acknowledge`;
    form.hidden = Boolean(alert.acknowledged_at);
    slot("about").textContent = ` ${alert.rule.name} ${keyName(alert)}`;
  }
  return row;
}

function stateChip(alert) {
  const state = shownState(alert);
  const drawn = chip(state);
  if (state === "acknowledged" && alert.acknowledged_by) {
    drawn.lastElementChild.textContent = `Acknowledged by ${alert.acknowledged_by}`;
  }
  return drawn;
}

/** Return the line of an entry that is no alert. */
export function drawNote(frame) {
  const row = pattern("feed-note");
  row.id = `note-${frame.seq}`;
  Object.assign(row.dataset, { id: row.id, seq: frame.seq, at: frame.at });
  row.querySelector('[data-slot="text"]').textContent = frame.text;
  setTime(row.querySelector("time"), frame.at);
  return row;
}

/** Return the line that stands for entries too many to send. */
export function drawGap(frame, load) {
  const row = pattern("feed-gap");
  row.dataset.id = `gap-${frame.to}`;
  row.dataset.at = new Date().toISOString();
  row.querySelector('[data-slot="text"]').textContent =
    `${frame.count.toLocaleString()} entries while you were away`;
  row.querySelector("[data-load]").addEventListener("click", load);
  row.querySelector("[data-skip]").addEventListener("click", () => row.remove());
  return row;
}
