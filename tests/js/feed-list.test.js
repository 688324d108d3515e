import assert from "node:assert/strict";
import { test } from "node:test";

import {
  arrivalsText,
  keyName,
  matches,
  orderOf,
  saidText,
  shownState,
} from "bellwether/feed-list.js";

const alert = {
  rule: { name: "Price drop" },
  key: "MSFT",
  reason: "latestPrice is 309.20, at or below 310 (by 0.80)",
  state: "raised",
  severity: "warning",
  acknowledged_at: null,
  acknowledged_by: "",
};
const acknowledged = { ...alert, acknowledged_at: "2026-01-01T00:00:00+00:00" };
const everything = { show: "all", severity: "", q: "" };

test("rows stand in the order of recording, whole seconds before their parts", () => {
  const second = orderOf("2026-01-01T00:00:01+00:00", "b");
  const part = orderOf("2026-01-01T00:00:01.000500+00:00", "a");
  const later = orderOf("2026-01-01T00:00:02Z", "a");

  assert.deepEqual([later, part, second].sort(), [second, part, later]);
});

test("rows of one instant stand in the order of their ids", () => {
  const at = "2026-01-01T00:00:01.5+00:00";

  assert.ok(orderOf(at, "a") < orderOf(at, "b"));
});

test("a dataset without key column has a key that nobody is shown", () => {
  assert.equal(keyName(alert), "MSFT");
  assert.equal(keyName({ ...alert, key: "_" }), "");
});

test("an open alert stays in the first view although it is acknowledged", () => {
  const filter = { show: "open", severity: "", q: "" };

  assert.ok(matches({ ...acknowledged, state: "open" }, filter));
  assert.ok(matches({ ...alert, state: "resolved" }, filter));
  assert.ok(!matches({ ...acknowledged, state: "resolved" }, filter));
  assert.ok(!matches(acknowledged, filter));
});

test("the filter reads rule, key and reason without regard to case", () => {
  for (const q of ["price DROP", "msft", "309.20", ""]) {
    assert.ok(matches(alert, { ...everything, q }), q);
  }
  assert.ok(!matches(alert, { ...everything, q: "AAPL" }));
  assert.ok(!matches(alert, { ...everything, severity: "critical" }));
});

test("acknowledging shows until the alert is over", () => {
  assert.equal(shownState(alert), "raised");
  assert.equal(shownState(acknowledged), "acknowledged");
  assert.equal(shownState({ ...acknowledged, state: "resolved" }), "resolved");
});

test("what was held back is counted, critical ones apart", () => {
  assert.equal(arrivalsText(0, 0), "");
  assert.equal(arrivalsText(12, 0), "12 new – Show");
  assert.equal(arrivalsText(12, 1), "12 new · 1 critical – Show");
  assert.equal(saidText(1, 0), "1 new alert");
  assert.equal(saidText(4, 1), "4 new alerts, 1 critical");
});
