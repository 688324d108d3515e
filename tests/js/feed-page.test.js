import assert from "node:assert/strict";
import { test } from "node:test";

import { readText } from "bellwether/feed-page.js";

const page = { ok: true, redirected: false, status: 200, text: async () => "<main>" };
const ask = (answer) => async () => ({ ...page, ...answer });

test("a page is read as it is", async () => {
  assert.equal(await readText("/w/DEMO/feed", ask({})), "<main>");
});

test("the page to sign in at is none of the feed's", async () => {
  const signIn = ask({ redirected: true });

  await assert.rejects(readText("/w/DEMO/feed", signIn), /feed: 200/);
});

test("a page of an error is none of the feed's", async () => {
  const failing = ask({ ok: false, status: 503 });

  await assert.rejects(readText("/w/DEMO/feed", failing), /feed: 503/);
});

test("a page that nobody answers for is an error, too", async () => {
  const nobody = async () => {
    throw new TypeError("Failed to fetch");
  };

  await assert.rejects(readText("/w/DEMO/feed", nobody), TypeError);
});
