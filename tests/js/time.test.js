import assert from "node:assert/strict";
import { test } from "node:test";

import { relative } from "bellwether/time.js";

const now = new Date("2026-03-01T12:00:00Z");
const before = (seconds) => new Date(now.getTime() - seconds * 1000);

test("times are said in their largest unit", () => {
  assert.equal(relative(before(1), now), "now");
  assert.equal(relative(before(12), now), "12 s ago");
  assert.equal(relative(before(59), now), "59 s ago");
  assert.equal(relative(before(60), now), "1 min ago");
  assert.equal(relative(before(3599), now), "59 min ago");
  assert.equal(relative(before(7200), now), "2 h ago");
  assert.equal(relative(before(3 * 86_400), now), "3 d ago");
});

test("times to come are said as such", () => {
  assert.equal(relative(before(-300), now), "in 5 min");
});

test("times long ago are said as a day", () => {
  assert.match(relative(before(400 * 86_400), now), /2025/);
});
