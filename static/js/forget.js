// A shared computer keeps nothing of a sitting that is over, of somebody else, or of who has signed out. Loaded on every
// page but the sitting's own. The names are those of sitting/store.js, sitting/shelf.js and sitting/windows.js.

const PREFIX = "cutscore:";
const { person } = document.documentElement.dataset; // nobody, on pages for strangers
const closed = document.body.dataset.closedSitting;
const form = document.querySelector("form[data-sign-out]");

async function boxes() {
  const known = (await indexedDB.databases?.()) ?? [];
  if (!known.some(({ name }) => name === "cutscore")) return null; // nothing to open, and nothing to create
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("cutscore");
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
}

function each(database, name, act) {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(name, "readwrite");
    transaction.objectStore(name).openCursor().onsuccess = ({ target: { result: cursor } }) => {
      if (!cursor) return;
      act(cursor);
      cursor.continue();
    };
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error);
  });
}

// `gone` decides from person, sitting and time (milliseconds) by which the sitting is over.
async function forget(gone) {
  for (const name of await caches.keys()) {
    const [prefix, whose, sitting, until] = name.split(":");
    if (`${prefix}:` === PREFIX && gone(whose, sitting, Number(until))) await caches.delete(name);
  }
  const database = await boxes();
  if (!database) return;
  for (const name of ["boxes", "desks"]) {
    await each(database, name, (cursor) => {
      const { person: whose, sitting, until } = cursor.value;
      // Somebody else's unsent answers wait for their return as long as they can count.
      if (gone(name === "boxes" ? person : whose, sitting, until, name)) cursor.delete();
    });
  }
  database.close();
}

// What a closed sitting left unsent is leftovers.js's to hand in and to clear.
const isOver = (whose, sitting, until, store) =>
  until < Date.now() || (sitting === closed && store !== "boxes") || (person && whose !== person);

async function waiting() {
  const seats = new Set();
  const database = await boxes();
  if (!database) return 0;
  await each(database, "boxes", ({ value }) => {
    for (const change of value.pending) if (!change.quiet) seats.add(`${value.sitting} ${change.seat}`);
  });
  database.close();
  return seats.size;
}

// Signing out empties everything; whoever still has answers waiting here is told first, and must mean it.
async function signOut(event) {
  event.preventDefault();
  const count = await waiting().catch(() => 0);
  const warning = form.querySelector("[data-waiting]");
  if (count && warning.hidden) {
    warning.querySelector("b").textContent = `${count} answer${count === 1 ? " waits" : "s wait"} on this device.`;
    warning.hidden = false;
    form.querySelector("button").textContent = "Sign out and lose them";
    return;
  }
  new BroadcastChannel("cutscore").postMessage("forget"); // or an exam that is still open would keep its answers again
  await forget(() => true).catch(() => {});
  form.submit();
}

if ("caches" in window && "indexedDB" in window) {
  form?.addEventListener("submit", signOut);
  forget(isOver).catch(() => {}); // storage forbidden: then nothing was kept either
}
