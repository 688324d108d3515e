// What the feed page decides from values alone: order, filter, what is held back.

/** A string that sorts as the server orders rows: time of recording, then id. */
export function orderOf(at, id) {
  const [whole, fraction = ""] = at.replace(/(Z|\+00:00)$/, "").split(".");
  return `${whole}.${fraction.padEnd(6, "0")} ${id}`;
}

/** The state a person reads: acknowledging shows until the alert is over. */
export function shownState(alert) {
  const isRunning = alert.state === "open" || alert.state === "raised";
  return isRunning && alert.acknowledged_at ? "acknowledged" : alert.state;
}

/** Return an alert's key as people know it: "" where the dataset has no key column. */
export const keyName = (alert) => (alert.key === "_" ? "" : alert.key);

/** Say whether an alert belongs into the list under its filter. */
export function matches(alert, { show, severity, q }) {
  if (show === "open" && alert.acknowledged_at && alert.state !== "open") return false;
  if (severity && alert.severity !== severity) return false;
  const wanted = (q ?? "").toLowerCase();
  const texts = [alert.rule.name, keyName(alert), alert.reason];
  return texts.some((text) => text.toLowerCase().includes(wanted));
}

/** The words of the button that shows what was held back, or "" if nothing was. */
export function arrivalsText(count, critical) {
  if (!count) return "";
  const urgent = critical ? ` · ${critical} critical` : "";
  return `${count.toLocaleString()} new${urgent} – Show`;
}

/** The words for those who listen, after a pause of some seconds. */
export function saidText(count, critical) {
  const alerts = count === 1 ? "1 new alert" : `${count} new alerts`;
  return critical ? `${alerts}, ${critical} critical` : alerts;
}
