// What this browser keeps of a sitting: a box of changes that wait, one for each window, and a desk with what the page
// showed, for the case that it is loaded again without a network. IndexedDB outlives a crash; where it is forbidden or
// full, everything stays in memory and `durable` says so. static/js/forget.js knows the same names.

const NAME = "cutscore";
const VERSION = 1;
const PATIENCE = 3_000; // milliseconds; a disk that takes longer counts as lost, and nothing is held up by it

export class Store {
  constructor({ onlost }) {
    this.onlost = onlost;
    this.durable = true; // until it turns out otherwise
    this.stopped = false;
    this.opening = open();
    this.opening.catch(() => {}); // forbidden: every write will say so
  }

  // Everything that windows of this sitting left waiting, taken over into this window's box in one step.
  async adopt(sitting, box) {
    let found = [];
    await this.#transact(["boxes"], async (boxes) => {
      found = await done(boxes.getAll(IDBKeyRange.bound([sitting], [sitting, []])));
      for (const other of found) boxes.delete([sitting, other.window]);
      const pending = found.flatMap((other) => other.pending);
      if (pending.length || found.some((other) => other.ending)) {
        boxes.put({ ...box, pending, ending: found.find((other) => other.ending)?.ending ?? null });
      }
    });
    return found;
  }

  async desk(sitting) {
    let desk;
    await this.#transact(["desks"], async (desks) => {
      desk = await done(desks.get(sitting));
    });
    return desk;
  }

  // Signed out in another window: from now on nothing of this one is kept on the device.
  stop() {
    this.stopped = true;
    this.onlost();
  }

  keepBox(box) {
    return this.#transact(["boxes"], (boxes) => {
      if (box.pending.length || box.ending) boxes.put(box);
      else boxes.delete([box.sitting, box.window]);
    });
  }

  keepDesk(desk) {
    return this.#transact(["desks"], (desks) => desks.put(desk));
  }

  // Leave nothing on a shared computer once the sitting has closed.
  clear(sitting) {
    return this.#transact(["boxes", "desks"], (boxes, desks) => {
      boxes.delete(IDBKeyRange.bound([sitting], [sitting, []]));
      desks.delete(sitting);
    });
  }

  // Resolves when the write is on the disk, or has failed. Nobody waits for ever: a failure is told to `onlost`.
  #transact(names, act) {
    const late = new Promise((_, reject) => {
      setTimeout(reject, PATIENCE);
    });
    return Promise.race([this.#run(names, act), late]).then(
      () => this.#became(true),
      () => this.#became(false),
    );
  }

  async #run(names, act) {
    if (this.stopped) return;
    const database = await this.opening;
    const transaction = database.transaction(names, "readwrite", { durability: "strict" });
    const ended = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error);
    });
    await Promise.all([act(...names.map((name) => transaction.objectStore(name))), ended]);
  }

  #became(durable) {
    if (this.stopped) return;
    const lost = this.durable && !durable;
    this.durable = durable;
    if (lost) this.onlost();
  }
}

async function open() {
  const opening = indexedDB.open(NAME, VERSION);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore("boxes", { keyPath: ["sitting", "window"] });
    opening.result.createObjectStore("desks", { keyPath: "sitting" });
  };
  const database = await done(opening);
  database.onversionchange = () => database.close();
  return database;
}

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
