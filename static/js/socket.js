// A socket that comes back. The first frame says how far this page has read
// ({"type": "resume", "since": n, "epoch": e}); after that it only receives, apart from a
// ping every 20 s. Silence of 45 s, without even a heartbeat of the server's, counts as
// dead. Waits between tries: 1, 2, 4 ... 30 s, each up to a quarter shorter or longer, so
// that a restarted server is not stormed. A server that restarts says so (1012) and is
// back soon: for a minute each wait is 1 to 4 s, however many there were.

const PING_MS = 20_000;
const DEAD_MS = 45_000;
const LONGEST_WAIT_MS = 30_000;
const SIGNS_OF_LIFE = new Set(["pong", "heartbeat"]);
const RESTARTS = 1012;
const RESTART_MS = 60_000;
const NOT_ALLOWED = new Set([4401, 4403]);

export function waitBefore(tries, random = Math.random) {
  const wait = Math.min(1000 * 2 ** tries, LONGEST_WAIT_MS);
  return Math.round(wait * (0.75 + 0.5 * random()));
}

export function waitInRestart(random = Math.random) {
  return Math.round(1000 + 3000 * random());
}

export class Feed extends EventTarget {
  // Events: "frame" (detail: the frame; those with a number come in order and once),
  // "state" (detail: {state, retryAt}).
  // States: connecting, live, waiting, offline, signed-out.
  #url;
  #socket;
  #timers = [];
  #tries = 0;
  #heardAt = 0;
  #restartsUntil = 0;
  #asked = false;

  constructor(url, { since = null, epoch = null } = {}) {
    super();
    this.#url = url;
    this.since = since;
    this.epoch = epoch;
    this.everLive = false;
    this.failures = 0;
  }

  start() {
    addEventListener("online", () => this.retry());
    addEventListener("offline", () => this.#drop());
    this.#open();
  }

  /** Try at once instead of waiting. */
  retry() {
    this.#tries = 0;
    this.#drop({ quietly: true });
    this.#open();
  }

  #tell(state, retryAt = null) {
    this.dispatchEvent(new CustomEvent("state", { detail: { state, retryAt } }));
  }

  #open() {
    this.#tell("connecting");
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.onopen = () => {
      this.#heardAt = Date.now();
      this.#resume();
      this.#timers.push(
        setInterval(() => this.#beat(), PING_MS / 4),
        setInterval(() => this.#say({ type: "ping" }), PING_MS),
      );
    };
    socket.onmessage = (event) => this.#hear(JSON.parse(event.data));
    socket.onclose = (event) => {
      if (socket === this.#socket) this.#closed(event.code);
    };
  }

  #hear(frame) {
    this.#heardAt = Date.now();
    if (SIGNS_OF_LIFE.has(frame.type)) return;
    if (frame.type === "resumed") this.#resumed(frame);
    else if (frame.type === "gap") this.since = frame.to;
    else if (frame.type === "reset" || frame.type === "expired") this.#restart(frame);
    else if (frame.seq && !this.#follows(frame.seq)) return;
    this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
  }

  #resumed(frame) {
    this.#tries = 0;
    this.#restartsUntil = 0;
    this.#asked = false;
    this.failures = 0;
    this.everLive = true;
    this.epoch = frame.epoch;
    this.since ??= frame.head;
    this.#tell("live");
  }

  // The numbers began anew, or ours are too old: whoever listens reads the page again.
  #restart(frame) {
    this.since = null;
    this.#resumed(frame);
  }

  // Numbers are dense: a smaller one is a repeat, a larger one means that some were
  // missed, and reading on from the last one brings them all.
  #follows(seq) {
    if (this.since === null || seq === this.since + 1) {
      this.since = seq;
      return true;
    }
    if (seq > this.since && !this.#asked) this.#resume();
    return false;
  }

  #resume() {
    this.#asked = true;
    this.#say({ type: "resume", since: this.since, epoch: this.epoch });
  }

  #say(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify(frame));
    }
  }

  // Timers sleep with the machine; the clock does not.
  #beat() {
    if (Date.now() - this.#heardAt > DEAD_MS) this.#drop();
  }

  #drop({ quietly = false } = {}) {
    const socket = this.#socket;
    this.#socket = null;
    this.#clear();
    socket?.close();
    if (!quietly) this.#wait();
  }

  #clear() {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }

  #closed(code) {
    this.#socket = null;
    this.#clear();
    if (code === RESTARTS) this.#restartsUntil = Date.now() + RESTART_MS;
    if (NOT_ALLOWED.has(code)) this.#tell("signed-out");
    else this.#wait();
  }

  #wait() {
    this.failures += 1;
    if (!navigator.onLine) return this.#tell("offline");
    const isRestart = Date.now() < this.#restartsUntil;
    const wait = isRestart ? waitInRestart() : waitBefore(this.#tries++);
    this.#timers.push(setTimeout(() => this.#open(), wait));
    return this.#tell("waiting", Date.now() + wait);
  }
}
