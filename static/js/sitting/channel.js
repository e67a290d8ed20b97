// Talks to the server, one request at a time, for as long as it takes. Only a 2xx JSON that names our claim and the
// sequence numbers counts as an acknowledgement; a redirect, HTML, 401 or 403 means that somebody must sign in.

import { message } from "./outbox.js";

const TIMEOUT = 10_000;
const FIRST_WAIT = 700;
const LONGEST_WAIT = 15_000;
const OFFLINE = 2_000; // milliseconds without a connection that are worth an entry on the timeline
const MOST_SPANS = 20;
const OUTLIVES = 32_000; // characters that a browser still sends after its page has gone

export class Channel {
  constructor({ url, endUrl, outbox, clock, where, on }) {
    Object.assign(this, { url, endUrl, outbox, clock, where, on });
    this.stopped = false;
    this.failures = 0;
    this.running = false;
    this.lostAt = null; // time left when the connection went
    this.wake = () => {};
    addEventListener("online", () => this.refresh());
    addEventListener("offline", () => this.#failed("offline"));
  }

  get ending() {
    return this.outbox.ending;
  }

  // Become the window that may answer. Retried until the server says yes or that the exam is over.
  async claim() {
    for (;;) {
      const reply = await this.#post(`${this.url}claim/`, {});
      if (reply?.body?.claim) {
        this.outbox.setClaim(reply.body.claim);
        this.on.news(reply.body);
        return reply.body;
      }
      await this.#pause();
    }
  }

  // Send what waits. Safe to call at any time; only one loop runs.
  async flush() {
    if (this.running || this.stopped) return;
    this.running = true;
    try {
      while (!this.stopped && this.outbox.claim && (this.outbox.size || this.ending)) {
        if (!this.failures) this.on.status("saving"); // while it fails, the reason stays to be read
        const done = await this.#round();
        if (!done) await this.#pause();
      }
    } finally {
      this.running = false;
    }
    if (!this.stopped && !this.outbox.size && this.outbox.claim) this.on.status("saved");
  }

  // End exam: everything that waits goes along, and the server is told which change was the last. It is written down
  // first, so that it holds although the page be closed before it arrives.
  async end({ expired = false } = {}) {
    if (!this.ending) await this.outbox.setEnding({ expired, left: Math.round(this.clock.left) });
    this.wake();
    return this.flush();
  }

  // Somebody is back, or the network is: try at once, and ask how things stand.
  async refresh() {
    if (this.stopped || !this.outbox.claim) return this.wake();
    this.wake();
    const reply = await this.#post(`${this.url}status/`, {});
    if (reply?.status !== 200) return;
    this.#heed(reply.body);
    if (!this.running && !this.outbox.size) this.on.status("saved");
  }

  // A supervised sitting's news, at one statement for the server; no sign-in goes along.
  async pulse(token) {
    const reply = await this.#send(`${this.url}pulse/${token}/`, { credentials: "omit" });
    if (reply?.status === 200) this.#heed(reply.body);
  }

  async #round() {
    const packet = await this.outbox.packet();
    const last = this.ending && (!packet || (packet.whole && packet.claim === this.outbox.claim));
    const body = this.#packet(packet?.claim ?? this.outbox.claim, packet?.changes ?? []);
    const spans = this.outbox.offline.length;
    const reply = last
      ? await this.#post(this.endUrl, { ...body, ...this.#lastWords() })
      : await this.#post(`${this.url}changes/`, body);
    if (!reply) return false;
    if (reply.status !== 200 || !reply.body.acknowledged) return this.#refused(reply, packet, last);
    this.#took(packet, reply.body, spans);
    if (last && reply.body.state !== "in_progress") this.#finish(reply.body);
    else if (last) await this.outbox.setEnding(null); // our clock ran out, the server's did not
    this.#heed(reply.body);
    return true;
  }

  #packet(claim, changes) {
    const body = { claim, at: this.where(), changes: changes.map(message) };
    return this.outbox.offline.length && changes.length ? { ...body, offline: this.outbox.offline } : body;
  }

  #lastWords() {
    const { expired, left } = this.ending;
    return { sequence: this.outbox.last, dropped: this.outbox.dropped, expired, left };
  }

  // What the server acknowledges leaves the outbox; what came too late has been kept there, and is told of.
  #took(packet, body, spans) {
    const outcomes = Object.entries(body.acknowledged);
    const late = outcomes.filter(([, outcome]) => outcome === "late").map(([sequence]) => sequence);
    const lost = this.outbox.answers(body.claim, late);
    if (outcomes.some(([, outcome]) => outcome !== "duplicate")) this.outbox.offline.splice(0, spans);
    this.outbox.remove(body.claim, Object.keys(body.acknowledged));
    this.on.acknowledged(body, packet?.changes ?? []);
    if (lost) this.on.tooLate(lost);
  }

  // The server said no. What it names is dropped with its reason; whatever else is in the packet is sent again.
  // Returns whether to go on at once.
  async #refused({ status, body }, packet, last) {
    const over = Boolean(body.state) && body.state !== "in_progress";
    if (body.refused && packet) {
      this.outbox.drop(packet.claim, body.refused);
      this.on.refused(body.error);
    } else if (status === 409 && last) {
      await this.outbox.setEnding(null); // another window holds the exam; what waits here still goes to it as changes
      this.on.claimed();
    } else if (over) {
      this.#finish(body);
    } else if (status === 409) {
      await this.outbox.disown(packet.claim);
      return (await this.claim()).state === "in_progress";
    } else {
      // It does not say which change is at fault: halves of the packet will, so that no other is lost with it.
      if (packet?.changes.length > 1) {
        this.outbox.most = Math.ceil(packet.changes.length / 2);
        return true;
      }
      this.on.refused(body.error ?? "The server did not accept an answer.");
      if (packet) this.outbox.drop(packet.claim, packet.changes.map((change) => change.sequence));
      else await this.outbox.setEnding(null);
    }
    return true;
  }

  #finish(body) {
    this.stopped = true;
    this.on.finished(body);
  }

  // Every reply corrects the clock and tells whether another window has taken over, and whatever else has changed.
  #heed(body) {
    if (this.stopped) return;
    if (body.newest_claim > this.outbox.claim) this.on.claimed();
    if (body.state && body.state !== "in_progress" && !this.ending) this.on.over();
    this.on.news(body);
  }

  #post(url, message) {
    const body = JSON.stringify(message);
    const headers = { "Content-Type": "application/json", "X-CSRFToken": csrfToken() };
    const keepalive = body.length < OUTLIVES;
    return this.#send(url, { method: "POST", credentials: "same-origin", headers, body, keepalive });
  }

  // One request. Null when nothing usable came back; the status line says why.
  async #send(url, options) {
    const before = performance.now();
    let response;
    try {
      response = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(TIMEOUT), ...options });
    } catch {
      return this.#failed("offline");
    }
    const isJson = response.headers.get("content-type")?.startsWith("application/json");
    // 404: somebody else is signed in on this computer, whose sitting it is not.
    const anonymous = options.credentials === "omit";
    if (!anonymous && (response.type === "opaqueredirect" || [401, 403, 404].includes(response.status))) {
      return this.#failed("signed-out");
    }
    // 429: too many at once; it passes.
    if (!isJson || response.status >= 500 || response.status === 429) return this.#failed("offline");
    let reply;
    try {
      reply = { status: response.status, body: await response.json() };
    } catch {
      return this.#failed("offline");
    }
    if (reply.status === 423) return this.#stands();
    this.#reached();
    const { remaining, paused = false } = reply.body;
    if (Number.isFinite(remaining)) this.clock.correct(remaining, before, performance.now(), paused);
    return reply;
  }

  #reached() {
    this.failures = 0;
    if (this.lostAt !== null && this.lostAt - this.clock.left > OFFLINE && this.outbox.offline.length < MOST_SPANS) {
      this.outbox.offline.push([Math.round(this.lostAt), Math.round(this.clock.left)]);
    }
    this.lostAt = null;
  }

  #failed(reason) {
    this.failures += 1;
    this.lostAt ??= this.clock.left;
    this.on.status(reason);
    return null;
  }

  // The exam is paused: what waits here is sent when it goes on.
  #stands() {
    this.failures += 1;
    this.on.status("paused");
    this.on.news({ paused: true });
    return null;
  }

  // Wait longer after each failure, never in step with other browsers, and not at all once the network is back.
  #pause() {
    const wait = Math.min(FIRST_WAIT * 2 ** (this.failures - 1), LONGEST_WAIT) * (0.5 + Math.random());
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, wait);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

// Read at every request: signing in again in another tab changes it.
function csrfToken() {
  const name = document.cookie.split("; ").find((cookie) => /^(__Host-|__Secure-)?csrftoken=/.test(cookie));
  return name ? decodeURIComponent(name.slice(name.indexOf("=") + 1)) : "";
}
