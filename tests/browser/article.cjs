// The program of the vendor's article: it makes a rule that mails when a share is cheap.
// Host and token are the environment's. SHARE and PRICE are Microsoft and 310 in the
// article; others let a test see the rule fire at once.
"use strict";

const http = require("node:http");

const { HOST, TOKEN, RULE, SHARE = "MSFT", PRICE = "310" } = process.env;

const body = JSON.stringify({
  token: TOKEN,
  ruleName: RULE,
  type: "any",
  index: [`CORE:STOCK:${SHARE}:latestPrice`],
  conditions: [["$index[0]", "<=", Number(PRICE)]],
  outputs: [
    {
      method: "Email",
      to: "ana@example.com",
      subject: `Mail of ${RULE}`,
      message: "The share is cheap.",
      frequency: 60,
    },
  ],
  additionalIndex: [`CORE:STOCK:${SHARE}:high`],
});

// Its client asks that the connection be closed, and keeps it for the next call.
const headers = {
  accept: "application/json",
  "content-type": "application/json",
  "content-length": Buffer.byteLength(body),
  Connection: "close",
};
const options = { method: "POST", headers, agent: new http.Agent({ keepAlive: true }) };

const request = http.request(`${HOST}/v1/rules/create`, options, (answer) => {
  const pieces = [];
  answer.on("data", (piece) => pieces.push(piece));
  answer.on("end", () => {
    const { statusCode: status, headers: { connection } } = answer;
    const made = JSON.parse(Buffer.concat(pieces));
    process.stdout.write(JSON.stringify({ status, connection, made }));
  });
});
request.end(body);
