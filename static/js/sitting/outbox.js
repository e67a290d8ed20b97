// Changes on their way to the server. Each is written to the browser's store before it is sent and leaves it only
// when the server has named its claim and sequence number after COMMIT.

const MOST = 100; // changes in one packet; after a long time offline there are more
const LARGEST = 50_000; // characters of one packet's changes; highlights and notes can be long

export class Outbox {
  constructor({ store, sitting, person, until }) {
    Object.assign(this, { store, sitting, person, until });
    this.window = crypto.getRandomValues(new Uint32Array(2)).join("-"); // each its own: none overwrites another's box
    this.claim = 0; // 0: the server has not handed one out yet
    this.last = 0; // the highest sequence number of our claim
    this.dropped = []; // numbers of our claim that the server refused, so that End need not wait for them
    this.pending = [];
    this.offline = []; // spans without a connection, as time left at their start and end
    this.ending = null; // End exam, asked for and not yet acknowledged
    this.most = MOST;
    this.kept = 0; // of the answers that wait, how many the browser's store has taken
    this.onchange = () => {};
  }

  // What earlier windows of this sitting left here. Adopting it twice is harmless: the server knows each change. Windows
  // that are still open may keep the same one, too, but in one packet it must not stand twice. The boxes come in no
  // order, the changes must: the last of a seat is the one that is shown and built upon.
  async open() {
    const found = await this.store.adopt(this.sitting, this.#box());
    const named = new Map();
    const unnumbered = [];
    for (const change of found.flatMap((box) => box.pending)) {
      if (change.claim) named.set(`${change.claim}.${change.sequence}`, change);
      else unnumbered.push(change);
    }
    const numbered = [...named.values()].sort((one, other) => one.claim - other.claim || one.sequence - other.sequence);
    this.pending.unshift(...numbered, ...unnumbered);
    this.ending ??= found.find((box) => box.ending)?.ending ?? null;
    this.kept = this.waiting;
    return this;
  }

  #box() {
    const { sitting, window, person, until, pending, ending } = this;
    return { sitting, window, person, until, pending, ending };
  }

  // Only what has been written may be told to wait: a page that is closed a moment after it said so must not lose it.
  async #keep() {
    const { waiting } = this;
    await this.store.keepBox(structuredClone(this.#box()));
    this.kept = waiting;
    this.onchange();
  }

  get size() {
    return this.pending.length;
  }

  // Answers that wait, as a candidate counts them: one that was changed again is still one, and time spent is none.
  get waiting() {
    return new Set(this.pending.filter((change) => !change.quiet).map((change) => change.seat)).size;
  }

  // Add the present state of a seat. A change of the same seat that was never sent is replaced; one that may be on
  // its way keeps its number and gets a successor.
  put(change) {
    const waiting = this.pending.filter((other) => other.seat === change.seat);
    const earlier = waiting.find((other) => !other.claim);
    if (earlier) {
      const settles = [...(earlier.settles ?? []), ...(change.settles ?? [])];
      Object.assign(earlier, change, { base: earlier.base, quiet: earlier.quiet && change.quiet, settles });
    } else {
      const before = waiting.at(-1); // it has no version yet that could be the base
      const after = before ? [before.claim, before.sequence] : null;
      this.pending.push({ ...change, after, claim: 0, sequence: 0 });
    }
    return this.#keep();
  }

  // Whether a response of the candidate's own for this seat has not been acknowledged yet.
  touches(seat) {
    return this.pending.some((change) => change.seat === seat && change.touched);
  }

  // A new claim starts its own numbering.
  setClaim(claim) {
    this.claim = claim;
    this.last = 0;
    this.dropped = [];
  }

  // The next packet: changes of the oldest claim that waits, in order, and whether nothing is left after them. What
  // has no number yet gets it now, so that no other window that adopts this box can send another change under it.
  async packet() {
    for (const change of this.pending) {
      if (!change.claim) Object.assign(change, { claim: this.claim, sequence: ++this.last });
    }
    if (!this.pending.length) return null;
    const claim = Math.min(...this.pending.map((change) => change.claim));
    const changes = [];
    let size = 0;
    for (const change of this.pending) {
      if (change.claim !== claim) continue;
      size += JSON.stringify(change).length;
      if (changes.length === this.most || (changes.length && size > LARGEST)) break;
      changes.push(change);
    }
    await this.#keep();
    return { claim, changes, whole: changes.length === this.pending.length };
  }

  // Remove what the server has acknowledged.
  remove(claim, sequences) {
    this.most = MOST;
    const gone = new Set(sequences.map(Number));
    this.pending = this.pending.filter((change) => change.claim !== claim || !gone.has(change.sequence));
    return this.#keep();
  }

  // Remove what the server has refused for good.
  drop(claim, sequences) {
    if (claim === this.claim) this.dropped.push(...sequences);
    return this.remove(claim, sequences);
  }

  // Of these changes, how many the candidate would call an answer.
  answers(claim, sequences) {
    const named = new Set(sequences.map(Number));
    const loud = this.pending.filter((change) => !change.quiet && change.claim === claim && named.has(change.sequence));
    return new Set(loud.map((change) => change.seat)).size;
  }

  // The server does not know the claim: number its changes anew under the next one.
  disown(claim) {
    for (const change of this.pending) if (change.claim === claim) Object.assign(change, { claim: 0, sequence: 0 });
    return this.#keep();
  }

  setEnding(ending) {
    this.ending = ending;
    return this.#keep();
  }

  clear() {
    this.pending = [];
    this.ending = null;
    this.kept = 0;
    this.onchange();
    return this.store.clear(this.sitting);
  }
}

// What goes over the wire of a change; what is empty is left out.
export function message(change) {
  const { claim, sequence, seat, base, left, after } = change;
  const sent = { sequence, seat, base, left };
  for (const name of ["response", "struck", "marks", "scenario", "settles"]) {
    if (change[name]?.length) sent[name] = change[name];
  }
  if (after && after[0] !== claim) sent.after = after;
  if (change.touched === false) sent.touched = false;
  for (const name of ["flagged", "spent", "text"]) if (change[name]) sent[name] = change[name];
  return sent;
}
