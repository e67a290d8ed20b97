// Talks to the server, one request at a time, for as long as it takes. Only a 2xx JSON that names our claim and the
// sequence numbers counts as an acknowledgement; a redirect, HTML, 401 or 403 means that somebody must sign in.

import { message } from "./outbox.js";

const TIMEOUT = 10_000;
const FIRST_WAIT = 700;
const LONGEST_WAIT = 15_000;

export class Channel {
  constructor({ url, endUrl, outbox, clock, on }) {
    Object.assign(this, { url, endUrl, outbox, clock, on });
    this.ending = false;
    this.stopped = false;
    this.failures = 0;
    this.running = false;
    this.wake = () => {};
    addEventListener("online", () => this.refresh());
  }

  // Become the window that may answer. Retried until the server says yes or that the exam is over.
  async claim() {
    for (;;) {
      const reply = await this.#post(`${this.url}claim/`, null);
      if (reply?.body?.claim) {
        this.outbox.setClaim(reply.body.claim);
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
      while (!this.stopped && this.outbox.claim && (this.outbox.packet() || this.ending)) {
        if (!this.failures) this.on.status("saving"); // while it fails, the reason stays to be read
        const done = await this.#round();
        if (!done) await this.#pause();
      }
    } finally {
      this.running = false;
    }
    if (!this.stopped && !this.outbox.size) this.on.status("saved");
  }

  // End exam: everything that waits goes along, and the server is told which change was the last.
  end() {
    this.ending = true;
    this.wake();
    return this.flush();
  }

  // Somebody is back, or the network is: try at once, and ask how things stand.
  async refresh() {
    if (this.stopped) return;
    this.wake();
    const reply = await this.#post(`${this.url}status/`, null);
    if (reply?.status !== 200) return;
    this.#heed(reply.body);
    if (!this.running && !this.outbox.size) this.on.status("saved");
  }

  async #round() {
    const packet = this.outbox.packet();
    const last = this.ending && (!packet || (packet.whole && packet.claim === this.outbox.claim));
    const changes = packet ? packet.changes.map(message) : [];
    const reply = last
      ? await this.#post(this.endUrl, {
          claim: this.outbox.claim,
          sequence: this.outbox.last,
          changes,
          dropped: this.outbox.dropped,
        })
      : await this.#post(`${this.url}changes/`, { claim: packet.claim, changes });
    if (!reply) return false;
    if (reply.status === 200 && reply.body.acknowledged) {
      this.outbox.remove(reply.body.claim, Object.keys(reply.body.acknowledged));
      this.on.acknowledged(reply.body);
      this.#heed(reply.body);
      if (last && reply.body.state !== "in_progress") this.#finish(reply.body);
      return true;
    }
    return this.#refused(reply, packet, last);
  }

  // The server said no. What it names is dropped with its reason; whatever else is in the packet is sent again.
  // Returns whether to go on at once.
  async #refused({ status, body }, packet, last) {
    const over = Boolean(body.state) && body.state !== "in_progress";
    if (over) this.ending = true; // all that is left to do is to hand in the rest, and to go to the result
    if (body.refused && packet) {
      const lost = this.outbox.drop(packet.claim, body.refused);
      if (over) this.on.tooLate(lost);
      else this.on.refused(body.error);
    } else if (status === 409 && last) {
      this.ending = false; // another window holds the exam; what waits here still goes to it as changes
      this.on.claimed();
    } else if (over) {
      this.#finish(body);
    } else if (status === 409) {
      this.outbox.disown(packet.claim);
      return (await this.claim()).state === "in_progress";
    } else {
      this.on.refused(body.error ?? "The server did not accept an answer.");
      if (packet) this.outbox.drop(packet.claim, packet.changes.map((change) => change.sequence));
      else this.ending = false;
    }
    return true;
  }

  #finish(body) {
    this.stopped = true;
    this.outbox.clear();
    this.on.finished(body);
  }

  // Every reply corrects the clock and tells whether another window has taken over.
  #heed(body) {
    if (body.newest_claim > this.outbox.claim && this.outbox.claim) this.on.claimed();
    if (body.state && body.state !== "in_progress" && !this.ending) this.on.over();
  }

  // One request. Null when nothing usable came back; the status line says why.
  async #post(url, body) {
    const before = performance.now();
    let response;
    try {
      response = await fetch(url, {
        method: "POST",
        credentials: "same-origin",
        redirect: "manual",
        headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken() },
        body: JSON.stringify(body ?? {}),
        signal: AbortSignal.timeout(TIMEOUT),
      });
    } catch {
      return this.#failed("offline");
    }
    const isJson = response.headers.get("content-type")?.startsWith("application/json");
    // 404: somebody else is signed in on this computer, whose sitting it is not.
    if (response.type === "opaqueredirect" || [401, 403, 404].includes(response.status)) {
      return this.#failed("signed-out");
    }
    // 423: the exam is paused, 429: too many at once; both pass.
    if (!isJson || response.status >= 500 || [423, 429].includes(response.status)) return this.#failed("offline");
    let reply;
    try {
      reply = { status: response.status, body: await response.json() };
    } catch {
      return this.#failed("offline");
    }
    this.failures = 0;
    if (Number.isFinite(reply.body.remaining)) this.clock.correct(reply.body.remaining, before, performance.now());
    return reply;
  }

  #failed(reason) {
    this.failures += 1;
    this.on.status(reason);
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
