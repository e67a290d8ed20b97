// On the score report: answers that this device could not send before the exam closed are handed in, so that they are
// on record, and the candidate hears that they came too late.

import { Channel } from "./sitting/channel.js";
import { Outbox } from "./sitting/outbox.js";
import { Store } from "./sitting/store.js";

const { closedSitting: sitting, sittingUrl: url } = document.body.dataset;
const { person } = document.documentElement.dataset;
const note = document.getElementById("leftovers");
const DAY = 86_400_000;
let lost = 0;

// Looking must not create what then would have to be forgotten.
const databases = (await globalThis.indexedDB?.databases?.().catch(() => [])) ?? [];
if (databases.some(({ name }) => name === "cutscore")) await handIn();

async function handIn() {
  const store = new Store({ onlost: () => {} });
  const outbox = await new Outbox({ store, sitting, person, until: Date.now() + DAY }).open();
  outbox.ending = null; // it has ended
  if (outbox.size) {
    const channel = new Channel({
      url,
      endUrl: url,
      outbox,
      clock: { left: 0, correct() {} },
      where: () => 0,
      on: { status() {}, news() {}, claimed() {}, over() {}, finished() {}, acknowledged() {}, refused() {}, tooLate },
    });
    await channel.claim();
    await channel.flush();
  }
  await outbox.clear();
}

function tooLate(count) {
  lost += count;
  note.querySelector("span").textContent =
    lost === 1
      ? "One answer was still on this device when the exam closed. It is on record now and does not count."
      : `${lost} answers were still on this device when the exam closed. They are on record now and do not count.`;
  note.hidden = false;
}
