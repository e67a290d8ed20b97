// Changes on their way to the server. Each is written to the browser's store before it is sent and leaves it only
// when the server has named its claim and sequence number after COMMIT.

const MOST = 100; // changes in one packet; after a long time offline there are more

export class Outbox {
  constructor(sitting) {
    this.prefix = `cutscore:outbox:${sitting}:`;
    this.key = this.prefix + Math.random().toString(36).slice(2); // each window its own: none overwrites another's
    this.claim = 0; // 0: the server has not handed one out yet
    this.last = 0; // the highest sequence number of our claim
    this.dropped = []; // numbers of our claim that the server refused, so that End need not wait for them
    this.onchange = () => {};
    this.pending = this.#keys().flatMap((key) => this.#stored(key));
    if (this.pending.length) this.#store();
    for (const key of this.#keys()) if (key !== this.key) forget(key);
  }

  // Where windows of this sitting keep what waits. Adopting it twice is harmless: the server knows each change.
  #keys() {
    try {
      return Object.keys(localStorage).filter((key) => key.startsWith(this.prefix));
    } catch {
      return []; // storage forbidden
    }
  }

  #stored(key) {
    try {
      const stored = JSON.parse(localStorage.getItem(key) ?? "[]");
      return Array.isArray(stored) ? stored : [];
    } catch {
      return [];
    }
  }

  #store() {
    try {
      if (this.pending.length) localStorage.setItem(this.key, JSON.stringify(this.pending));
      else localStorage.removeItem(this.key);
    } catch {
      // Storage full or forbidden: the changes stay in memory and are sent from there.
    }
    this.onchange();
  }

  get size() {
    return this.pending.length;
  }

  // Answers that wait, as a candidate counts them: one that was changed again is still one, and time spent is none.
  get waiting() {
    return new Set(this.pending.filter((change) => !change.quiet).map((change) => change.seat)).size;
  }

  // A new claim starts its own numbering; what was never numbered joins it.
  setClaim(claim) {
    this.claim = claim;
    this.last = 0;
    this.dropped = [];
    for (const change of this.pending) {
      if (!change.claim) this.#number(change);
    }
    this.#store();
  }

  #number(change) {
    change.claim = this.claim;
    change.sequence = ++this.last;
  }

  // Add the present state of a seat. A change of the same seat that was never sent is replaced; one that may be on
  // its way keeps its number and gets a successor.
  put(change) {
    const earlier = this.pending.find(
      (other) => other.seat === change.seat && !other.sent && (!other.claim || other.claim === this.claim),
    );
    if (earlier) {
      Object.assign(earlier, change, { base: earlier.base, quiet: earlier.quiet && change.quiet });
    } else {
      const added = { ...change, claim: 0, sequence: 0, sent: false };
      if (this.claim) this.#number(added);
      this.pending.push(added);
    }
    this.#store();
  }

  // The next packet: changes of the oldest claim that waits, in order, and whether nothing is left after them.
  packet() {
    const numbered = this.pending.filter((change) => change.claim);
    if (!numbered.length) return null;
    const claim = Math.min(...numbered.map((change) => change.claim));
    const changes = numbered.filter((change) => change.claim === claim).slice(0, MOST);
    for (const change of changes) change.sent = true;
    this.#store();
    return { claim, changes, whole: changes.length === numbered.length };
  }

  // Remove what the server has acknowledged.
  remove(claim, sequences) {
    const gone = new Set(sequences.map(Number));
    this.pending = this.pending.filter((change) => change.claim !== claim || !gone.has(change.sequence));
    this.#store();
  }

  // Remove what the server has refused for good; returns how many answers that were.
  drop(claim, sequences) {
    const before = this.waiting;
    if (claim === this.claim) this.dropped.push(...sequences);
    this.remove(claim, sequences);
    return before - this.waiting;
  }

  // The server does not know the claim: number its changes anew under the next one.
  disown(claim) {
    for (const change of this.pending) {
      if (change.claim === claim) Object.assign(change, { claim: 0, sequence: 0, sent: false });
    }
    this.#store();
  }

  // Leave nothing on a shared computer once the sitting has closed.
  clear() {
    this.pending = [];
    this.#store();
    this.#keys().forEach(forget);
  }
}

function forget(key) {
  try {
    localStorage.removeItem(key);
  } catch {
    // Storage forbidden: then nothing was kept either.
  }
}

// What goes over the wire of a change.
export function message({ sequence, seat, base, response, flagged, spent, left }) {
  return { sequence, seat, base, response, flagged, spent, left };
}
