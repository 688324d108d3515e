import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { Feed, waitBefore, waitInRestart } from "bellwether/socket.js";

// A socket whose other end is the test.
class FakeSocket {
  static OPEN = 1;
  static all = [];

  constructor() {
    this.readyState = 0;
    this.sent = [];
    FakeSocket.all.push(this);
  }

  accept() {
    this.readyState = FakeSocket.OPEN;
    this.onopen();
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  receive(frame) {
    this.onmessage({ data: JSON.stringify(frame) });
  }

  close(code = 1006) {
    this.readyState = 3;
    this.onclose({ code });
  }
}

globalThis.WebSocket = FakeSocket;
globalThis.addEventListener = () => {};
Object.defineProperty(globalThis, "navigator", { value: { onLine: true } });

const resumed = { type: "resumed", head: 10, epoch: "e" };
const change = (seq) => ({ type: "alert.changed", seq });
const newest = () => FakeSocket.all.at(-1);
let feed;
let numbers;
let states;

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  FakeSocket.all = [];
  feed = new Feed("ws://here/feed", { since: 10, epoch: "e" });
  numbers = [];
  states = [];
  feed.addEventListener("frame", (e) => e.detail.seq && numbers.push(e.detail.seq));
  feed.addEventListener("state", (e) => states.push(e.detail.state));
  feed.start();
  newest().accept();
});

test("the first frame says how far the page has read", () => {
  assert.deepEqual(newest().sent, [{ type: "resume", since: 10, epoch: "e" }]);
  assert.deepEqual(states, ["connecting"]);

  newest().receive(resumed);

  assert.deepEqual(states, ["connecting", "live"]);
});

test("an entry that comes twice is passed on once", () => {
  newest().receive(resumed);
  for (const seq of [11, 11, 12, 11]) newest().receive(change(seq));

  assert.deepEqual(numbers, [11, 12]);
});

test("a missing number makes it read on from the last one, asking once", () => {
  newest().receive(resumed);
  for (const seq of [11, 14, 15]) newest().receive(change(seq));
  assert.deepEqual(newest().sent.slice(1), [
    { type: "resume", since: 11, epoch: "e" },
  ]);

  newest().receive(resumed);
  for (const seq of [12, 13, 14, 15]) newest().receive(change(seq));

  assert.deepEqual(numbers, [11, 12, 13, 14, 15]);
});

test("a gap is skipped over, a reset begins anew", () => {
  newest().receive(resumed);
  newest().receive({ type: "gap", from: 11, to: 5000, count: 4990 });
  newest().receive(change(5001));
  newest().receive({ type: "reset", head: 3, epoch: "new" });
  newest().receive(change(4));
  newest().close();
  mock.timers.tick(2000);
  newest().accept();

  assert.deepEqual(numbers, [5001, 4]);
  assert.deepEqual(newest().sent, [{ type: "resume", since: 4, epoch: "new" }]);
});

test("a page without a number reads from now on", () => {
  feed = new Feed("ws://here/feed");
  feed.start();
  newest().accept();
  newest().receive({ ...resumed, head: 77 });

  assert.equal(newest().sent[0].since, null);
  assert.equal(feed.since, 77);
});

test("a cut is mended with the number reached, after a wait", () => {
  newest().receive(resumed);
  newest().receive(change(11));
  newest().close();
  assert.deepEqual(states.slice(-1), ["waiting"]);

  mock.timers.tick(1300);
  newest().accept();

  assert.equal(FakeSocket.all.length, 2);
  assert.deepEqual(newest().sent, [{ type: "resume", since: 11, epoch: "e" }]);
});

test("waits grow to half a minute and differ between browsers", () => {
  const middle = () => 0.5;

  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 9].map((tries) => waitBefore(tries, middle)),
    [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000],
  );
  assert.equal(waitBefore(0, () => 0), 750);
  assert.equal(waitBefore(0, () => 1), 1250);
});

test("while a server restarts it tries at most 4 seconds apart, for a minute", () => {
  newest().receive(resumed);
  newest().receive(change(11));
  newest().close(1012);
  for (let second = 0; second < 56; second += 4) {
    const tried = FakeSocket.all.length;
    mock.timers.tick(4000);
    assert.equal(FakeSocket.all.length > tried, true);
    newest().close();
  }
  mock.timers.tick(8000);
  newest().accept();
  newest().receive(resumed);

  assert.deepEqual(newest().sent, [{ type: "resume", since: 11, epoch: "e" }]);
  assert.deepEqual(states.slice(-1), ["live"]);
  assert.deepEqual(
    [0, 0.5, 1].map((drawn) => waitInRestart(() => drawn)),
    [1000, 2500, 4000],
  );
});

test("silence of 45 seconds counts as dead, a pong as life", () => {
  newest().receive(resumed);
  mock.timers.tick(40_000);
  newest().receive({ type: "pong" });
  mock.timers.tick(40_000);
  assert.deepEqual(states.slice(-1), ["live"]);
  assert.equal(newest().sent.filter((frame) => frame.type === "ping").length, 4);

  mock.timers.tick(10_000);

  assert.deepEqual(states.slice(-1), ["waiting"]);
});

test("who is not let in is told to sign in again, and does not knock on", () => {
  newest().close(4403);
  mock.timers.tick(120_000);

  assert.deepEqual(states.slice(-1), ["signed-out"]);
  assert.equal(FakeSocket.all.length, 1);
});

test("trying at once leaves one socket, and resumes with it", () => {
  newest().close();
  feed.retry();
  newest().accept();
  newest().receive(resumed);
  mock.timers.tick(5000);

  assert.equal(FakeSocket.all.length, 2);
  assert.deepEqual(states.slice(-1), ["live"]);
});
