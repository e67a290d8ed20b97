// The exam screen: wires questions, clock, outbox, server and keyboard together.

import { Board } from "./board.js";
import { Channel } from "./channel.js";
import { Clock } from "./clock.js";
import { Conflicts } from "./conflicts.js";
import { Desk } from "./desk.js";
import { Ending } from "./ending.js";
import { listen } from "./keys.js";
import { Messages } from "./messages.js";
import { Outbox } from "./outbox.js";
import { Pulse } from "./pulse.js";
import { Sheet } from "./sheet.js";
import { Shelf } from "./shelf.js";
import { Status } from "./status.js";
import { Store } from "./store.js";
import { Windows } from "./windows.js";
import { installDisplay } from "./tools/display.js";
import { installDrag } from "./tools/drag.js";
import { installHighlight } from "./tools/highlight.js";
import { Pad } from "./tools/pad.js";
import { installScenario } from "./tools/scenario.js";
import { installStrike } from "./tools/strike.js";

const PAD = 0; // the note pad's place among the seats
const body = document.getElementById("sitting");
const announcer = document.getElementById("announcer");
const questions = document.querySelector(".questions");
const dialog = (id) => document.getElementById(`${id}-dialog`);
const { sitting, person, rendered } = body.dataset;
const until = Number(body.dataset.until);

const sheets = [...document.querySelectorAll(".question")].map((section) => new Sheet(section));
const pad = new Pad({ announce });
pad.version = 0;
const where = () => board.current.number;
const store = new Store({ onlost: () => status.memoryOnly() });
const outbox = new Outbox({ store, sitting, person, until });
const status = new Status({
  element: document.getElementById("save-status"),
  notices: document.getElementById("notices"),
  outbox,
});
const board = new Board({ body, sheets, announce });
const clock = new Clock({
  element: document.getElementById("timer"),
  remaining: Number(body.dataset.remaining),
  paused: "paused" in body.dataset,
  announce,
  onzero: timeIsUp,
  onjump: () => channel?.refresh(),
});
const shelf = new Shelf({ person, sitting, until, worker: body.dataset.worker });
const ending = new Ending({ body, board, clock, outbox, announce, leave });
const channel = new Channel({
  url: body.dataset.url,
  endUrl: body.dataset.endUrl,
  outbox,
  clock,
  where,
  on: {
    status: showStatus,
    acknowledged,
    claimed,
    news,
    refused: (sentence) => status.say(sentence),
    tooLate: (count) => ending.tooLate(count),
    over: hasEnded,
    finished: () => ending.finished(),
  },
});
const pulse = new Pulse(channel);
const desk = new Desk({ store, sitting, person, until, rendered: [rendered], sheets, pad, clock, where });
const windows = new Windows({ sitting, onnewer: claimed, onforgotten: () => store.stop() });
const conflicts = new Conflicts({
  dialog: dialog("conflict"),
  notice: document.getElementById("conflict-notice"),
  board,
  pad,
  settle,
  announce,
});
const messages = new Messages({
  element: document.getElementById("notices"),
  sitting,
  after: () => document.getElementById("main").focus({ preventScroll: true }),
});
let readOnly = false;

function announce(text) {
  announcer.textContent = "";
  requestAnimationFrame(() => {
    announcer.textContent = text;
  });
}

function showStatus(state) {
  status.show(state);
  ending.wait(state === "offline");
}

// ---- answering -------------------------------------------------------------------------------------------------

function change(sheet, settles = []) {
  board.mark(sheet);
  if (readOnly) return;
  // Time spent on other questions since the last save travels along; it is not worth a request of its own.
  for (const other of sheets) {
    if (other !== sheet && other.spent - other.spentKnown > 1_000) note(other, { quiet: true });
  }
  note(sheet, { settles });
  channel.flush();
}

function note(sheet, { quiet = false, settles = [] } = {}) {
  if (sheet === board.current) board.lap();
  sheet.spentKnown = sheet.spent;
  outbox.put({
    ...sheet.snapshot(),
    seat: sheet.number,
    base: sheet.version,
    touched: String(sheet.response) !== String(sheet.standing) || outbox.touches(sheet.number),
    spent: Math.min(sheet.spent, 2 ** 31 - 1),
    left: Math.round(clock.left),
    settles,
    quiet,
  });
  desk.keep();
}

function changePad(settles = []) {
  if (readOnly) return;
  outbox.put({ seat: PAD, base: pad.version, text: pad.text, left: Math.round(clock.left), settles, quiet: false });
  desk.keep();
  channel.flush();
}

function settle(seat, given, settles) {
  if (seat === PAD) {
    pad.text = given;
    return changePad(settles);
  }
  const sheet = board.sheet(seat);
  sheet.response = given;
  change(sheet, settles);
}

function acknowledged(reply, changes) {
  for (const { seat, response, touched } of changes) if (seat !== PAD && touched) board.sheet(seat).standing = response;
  for (const [seat, version] of Object.entries(reply.versions ?? {})) {
    (Number(seat) === PAD ? pad : board.sheet(Number(seat))).version = version;
  }
  status.saved(reply.now);
  desk.keep();
  // Another window's answer was taken where nothing newer stood: ask for it, to show what counts.
  const known = sheets.reduce((sum, sheet) => sum + sheet.version, 0);
  if (!readOnly && reply.total > known) channel.refresh();
  // What counts is not what this window said last: show it, and say so.
  const disputed = changes.filter(({ sequence }) => reply.acknowledged[sequence] === "conflict").map(({ seat }) => seat);
  for (const [seat, [response, flagged]] of Object.entries(reply.standing ?? {})) {
    const sheet = board.sheet(Number(seat));
    if (outbox.pending.some((pending) => pending.seat === sheet.number)) continue;
    const same = String(sheet.response) === String(response);
    sheet.standing = response;
    if (!same) sheet.response = response;
    sheet.flagged = flagged;
    board.mark(sheet);
    if (same) continue;
    status.say(
      readOnly && disputed.includes(sheet.number)
        ? `Question ${seat} was answered in another window, and that answer stands until you choose there.`
        : `Question ${seat} was answered in another window, and that answer is shown here now.`,
    );
  }
}

document.addEventListener("change", (event) => {
  const section = event.target.closest(".question");
  if (!section) return;
  const sheet = board.sheet(Number(section.dataset.seat));
  if (sheet.kind === "multiple_response" && sheet.given > sheet.slots) {
    event.target.checked = false;
    announce(`Only ${sheet.slots} can be chosen; clear one first`);
    section.querySelector(".choose").dataset.full = "";
    return;
  }
  delete section.querySelector(".choose")?.dataset.full;
  sheet.refresh();
  change(sheet);
});

document.addEventListener("click", (event) => {
  const section = event.target.closest(".question");
  const move = event.target.closest("[data-move]");
  if (section && move && move.getAttribute("aria-disabled") !== "true") moveStep(section, move);
  if (section && event.target.closest("[data-clear]")) {
    const sheet = board.sheet(Number(section.dataset.seat));
    sheet.response = [];
    change(sheet);
  }
  const link = event.target.closest('a[href^="#q"], a[href="#review"]');
  if (link) {
    event.preventDefault();
    if (link.getAttribute("aria-disabled") !== "true") follow(link.hash);
  }
  if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
});

function moveStep(section, button) {
  const sheet = board.sheet(Number(section.dataset.seat));
  const { token } = button.closest("[data-token]").dataset;
  const said = sheet.move(token, button.dataset.move);
  if (!said) return;
  announce(said);
  change(sheet);
  // The button may have moved with its step or gone; keep the keyboard where the step is now.
  const step = section.querySelector(`[data-token="${token}"]`);
  const again = step.querySelector(`[data-move=${button.dataset.move}]`);
  const visible = again.offsetParent ? again : step.querySelector(step.closest(".pool") ? "[data-move=in]" : "[data-move=up]");
  visible.focus();
}

// ---- moving about ----------------------------------------------------------------------------------------------

function follow(hash) {
  if (hash === "#review") board.review();
  else board.show(Number(hash.slice(2)));
  desk.keep();
}

const actions = {
  announce,
  next: () => follow(board.current.number === sheets.length ? "#review" : `#q${board.current.number + 1}`),
  previous: () => follow(`#q${board.reviewing ? board.current.number : board.current.number - 1}`),
  flag() {
    if (board.reviewing || readOnly) return;
    board.toggleFlag();
    change(board.current);
  },
  review: () => follow("#review"),
  help: () => dialog("keys").showModal(),
};

// ---- tools: each keeps its state on the sheets and calls `change` ------------------------------------------------

pad.onchange = () => changePad();
actions.notes = () => pad.open();
actions.display = installDisplay();
actions.strike = installStrike({ board, change, announce });
actions.highlight = installHighlight({ board, change, announce });
installDrag({ board, change, announce });
installScenario({ board });
const tools = document.getElementById("tools");
tools.addEventListener("click", () => tools.hidePopover?.(), { capture: true }); // first, so that the focus can return

listen({ board, clock, actions, enabled: document.getElementById("shortcuts") });
board.flag.addEventListener("click", actions.flag);
document.getElementById("show-keys").addEventListener("click", actions.help);
document.getElementById("hide-time").addEventListener("click", () => clock.toggle());
questions.addEventListener("submit", (event) => event.preventDefault());
addEventListener("hashchange", () => /^#(q\d+|review)$/.test(location.hash) && follow(location.hash));
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") return channel.refresh();
  // Where the candidate is and for how long, before the page perhaps goes away for good.
  if (!readOnly && !channel.ending && outbox.claim) {
    pad.flush();
    note(board.current, { quiet: true });
    channel.flush();
  }
});
addEventListener("beforeunload", (event) => {
  if (outbox.waiting && !channel.stopped) event.preventDefault();
});

// ---- ending ----------------------------------------------------------------------------------------------------

document.getElementById("open-end").addEventListener("click", () => {
  if (readOnly) claimed(); // it can be taken back, not ended from here
  else ending.confirm();
});
document.getElementById("end-exam").addEventListener("click", () => endExam());

function endExam({ expired = false } = {}) {
  if (readOnly && !expired) return;
  ending.shut();
  pad.flush();
  for (const sheet of sheets) {
    if (sheet === board.current) board.lap();
    if (clock.left > 0 && sheet.spent - sheet.spentKnown > 1_000) note(sheet, { quiet: true });
  }
  channel.end({ expired });
}

function timeIsUp() {
  if (channel.stopped || channel.ending) return;
  announce("Time is up. The exam has ended.");
  if (readOnly) ending.finished();
  else endExam({ expired: true });
}

// The server says that the exam is over: by the clock, from another window, or by staff.
function hasEnded() {
  if (clock.over) timeIsUp();
  else endExam({ expired: true });
}

// Nothing of a closed sitting stays on this device.
async function leave() {
  await Promise.all([outbox.clear(), shelf.clear()]);
}

// ---- news: another window, a pause, more time --------------------------------------------------------------------

function claimed() {
  if (channel.stopped || dialog("claimed").open) return;
  readOnly = true;
  questions.inert = true;
  pad.readOnly = true;
  for (const open of document.querySelectorAll("dialog[open]")) open.close();
  dialog("claimed").showModal();
}

document.getElementById("take-back").addEventListener("click", () => location.reload());
dialog("paused").addEventListener("cancel", (event) => event.preventDefault());

function news({ state, remaining, paused, pulse: token, conflicts: waiting = 0, kept, others = {}, notices = 0, messages: told }) {
  if (token) pulse.start(token);
  if (state === "in_progress" && remaining > 0 && !channel.ending) ending.goOn();
  if (paused !== undefined || state) pause(Boolean(paused));
  if (readOnly) return;
  show(others);
  const settled = outbox.pending.flatMap((pending) => pending.settles ?? []);
  if (kept) conflicts.show(kept, settled);
  if (told) messages.show(told);
  if ((!kept && waiting > settled.length + conflicts.size) || (!told && messages.lacks(notices))) channel.refresh();
}

// Answers of older windows that now stand, unless a newer one of ours is on its way.
function show(others) {
  for (const [number, stored] of Object.entries(others)) {
    const sheet = board.sheet(Number(number));
    if (sheet.version >= stored[0] || outbox.pending.some((pending) => pending.seat === sheet.number)) continue;
    take(sheet, stored);
    status.say(`Question ${number} was answered in another window, and that answer is shown here now.`);
  }
}

function pause(paused) {
  const shown = dialog("paused");
  if (paused === shown.open) return;
  if (!paused) {
    shown.close();
    questions.inert = readOnly;
    announce(`The exam goes on: ${clock.spoken()}`);
  } else if (!readOnly) {
    questions.inert = true;
    shown.showModal();
  }
}

// ---- start: show where the candidate was, then make sure that this window holds the sitting -----------------------

for (const sheet of sheets) sheet.refresh();
board.count();
const [, asked] = location.hash.match(/^#q(\d+)$/) ?? [];
if (location.hash === "#review") board.review();
else board.show(Number(asked ?? body.dataset.current), { focus: false });
performance.mark("interactive"); // everything is wired; answers can be given and moved between

await outbox.open();
windows.opened();
const left = await desk.recall();
if (left && !asked && !board.reviewing) board.show(left, { focus: false });
for (const pending of outbox.pending) overlay(pending);
if (outbox.ending) ending.shut();
else if ("paused" in body.dataset) pause(true);

const start = await channel.claim();
if (start.state === "in_progress") {
  restore(start);
  if (!outbox.size && !outbox.ending) status.show("saved");
  body.dataset.ready = "";
  channel.flush();
  desk.rendered.push(await shelf.fill());
  desk.keep();
  body.dataset.shelved = "";
} else if (start.state === "ended" || outbox.size) {
  hasEnded(); // what waits on this device is handed in now: it counts, or the candidate hears that it does not
  channel.flush(); // perhaps it was ended here already, before there was a claim to send it under
} else {
  ending.finished();
}

function overlay(pending) {
  if (pending.seat === PAD) {
    pad.text = pending.text;
    return;
  }
  const sheet = board.sheet(pending.seat);
  sheet.restore(pending);
  board.mark(sheet);
}

function take(sheet, [version, response, flagged, spent, struck, marks, scenario]) {
  sheet.version = version;
  sheet.standing = response;
  sheet.spent = Math.max(sheet.spent, spent);
  overlay({ seat: sheet.number, response, flagged, struck, marks, scenario });
}

// What the server holds is the truth, except for seats whose newer answer still waits here.
function restore({ answers, pad: notes }) {
  pad.flush(); // what is just being written belongs to what waits
  for (const sheet of sheets) take(sheet, answers[sheet.number] ?? [0, [], false, 0]);
  [pad.version, pad.text] = notes;
  for (const pending of outbox.pending) overlay(pending);
}
