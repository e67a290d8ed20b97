// The exam screen: wires questions, clock, outbox and keyboard together.

import { Board } from "./board.js";
import { Channel } from "./channel.js";
import { Clock } from "./clock.js";
import { listen } from "./keys.js";
import { Outbox } from "./outbox.js";
import { Sheet } from "./sheet.js";

const body = document.getElementById("sitting");
const status = document.getElementById("save-status");
const announcer = document.getElementById("announcer");
const notices = document.getElementById("notices");
const dialog = (id) => document.getElementById(id);

const sheets = [...document.querySelectorAll(".question")].map((section) => new Sheet(section));
const outbox = new Outbox(body.dataset.sitting);
const board = new Board({ body, sheets, announce });
const clock = new Clock({
  element: document.getElementById("timer"),
  remaining: Number(body.dataset.remaining),
  announce,
  onzero: timeIsUp,
  onjump: () => channel?.refresh(),
});
const channel = new Channel({
  url: body.dataset.url,
  endUrl: body.dataset.endUrl,
  outbox,
  clock,
  on: { status: showStatus, acknowledged, claimed, refused, tooLate, over: hasEnded, finished },
});
let readOnly = false;
let lost = 0; // answers that came too late

function announce(text) {
  announcer.textContent = "";
  requestAnimationFrame(() => {
    announcer.textContent = text;
  });
}

// ---- what the header says about saving: the truth, in words and an icon --------------------------------------

function showStatus(state) {
  const { waiting } = outbox;
  const texts = {
    saving: "Saving …",
    saved: status.dataset.time ? `Saved ${status.dataset.time}` : "Ready",
    offline: waiting ? `Offline, ${waiting} answer${waiting === 1 ? " waits" : "s wait"}` : "Offline",
    "signed-out": "Signed out, not saved",
  };
  status.dataset.state = state === "signed-out" ? "error" : state;
  status.querySelector("span").textContent = texts[state];
  const notice = notices.querySelector("[data-signed-out]");
  if (state === "signed-out" && !notice) {
    const added = document.getElementById("signed-out-notice").content.firstElementChild.cloneNode(true);
    added.dataset.signedOut = "";
    notices.append(added);
  } else if (state === "saved") notice?.remove();
}

function acknowledged(reply) {
  for (const [seat, version] of Object.entries(reply.versions ?? {})) board.sheet(Number(seat)).version = version;
  status.dataset.time = new Date(reply.now).toLocaleTimeString([], { hourCycle: "h23" });
  // A change of an older window met a newer answer: show the one that counts, and say so.
  for (const [seat, [response, flagged]] of Object.entries(reply.standing ?? {})) {
    const sheet = board.sheet(Number(seat));
    if (outbox.pending.some((pending) => pending.seat === sheet.number)) continue;
    sheet.response = response;
    sheet.flagged = flagged;
    board.mark(sheet);
    refused(`Question ${seat} was answered in another window, and that answer stands.`);
  }
}

function refused(sentence) {
  const notice = document.getElementById("refused-notice").content.firstElementChild.cloneNode(true);
  notice.querySelector("span").textContent = sentence;
  notices.replaceChildren(notice);
}

// ---- answering -------------------------------------------------------------------------------------------------

function change(sheet) {
  board.mark(sheet);
  if (readOnly) return;
  // Time spent on other questions since the last save travels along; it is not worth a request of its own. It goes
  // first: the last change of a packet says where the candidate is.
  for (const other of sheets) {
    if (other !== sheet && other.spent - other.spentKnown > 1_000) note(other, { quiet: true });
  }
  note(sheet);
  channel.flush();
}

function note(sheet, { quiet = false } = {}) {
  if (sheet === board.current) board.lap();
  sheet.spentKnown = sheet.spent;
  outbox.put({
    seat: sheet.number,
    base: sheet.version,
    response: sheet.response,
    flagged: sheet.flagged,
    spent: Math.min(sheet.spent, 2 ** 31 - 1),
    left: Math.round(clock.left),
    quiet,
  });
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
}

const actions = {
  announce,
  next: () => (board.current.number === sheets.length ? board.review() : board.show(board.current.number + 1)),
  previous: () => board.show(board.reviewing ? board.current.number : board.current.number - 1),
  flag() {
    if (board.reviewing || readOnly) return;
    board.toggleFlag();
    change(board.current);
  },
  review: () => board.review(),
  help: () => dialog("keys-dialog").showModal(),
};

listen({ board, clock, actions, enabled: document.getElementById("shortcuts") });
board.flag.addEventListener("click", actions.flag);
document.getElementById("show-keys").addEventListener("click", actions.help);
document.getElementById("hide-time").addEventListener("click", () => clock.toggle());
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && channel.refresh());
addEventListener("hashchange", () => /^#(q\d+|review)$/.test(location.hash) && follow(location.hash));
addEventListener("beforeunload", (event) => {
  if (outbox.size && !channel.stopped) event.preventDefault();
});

// ---- ending ----------------------------------------------------------------------------------------------------

document.getElementById("open-end").addEventListener("click", () => {
  if (readOnly) return claimed(); // it can be taken back, not ended from here
  const { total, answered, flagged } = board.count();
  const open = total - answered;
  document.getElementById("end-unanswered").textContent = open
    ? `${open} of ${total} questions ${open === 1 ? "is" : "are"} unanswered. Unanswered questions count as wrong.`
    : `All ${total} questions are answered.`;
  document.getElementById("end-flagged").textContent = flagged
    ? `${flagged} question${flagged === 1 ? " is" : "s are"} flagged for review.`
    : "";
  dialog("end-dialog").showModal();
});

document.getElementById("end-exam").addEventListener("click", endExam);

// From here there is no way back: the request may have arrived although its answer did not.
function endExam() {
  if (readOnly && !clock.over) return;
  document.querySelector(".questions").inert = true;
  for (const open of document.querySelectorAll("dialog[open]")) open.close();
  dialog("ended-dialog").showModal();
  for (const sheet of sheets) {
    if (sheet === board.current) board.lap();
    if (clock.left > 0 && sheet.spent - sheet.spentKnown > 1_000) note(sheet, { quiet: true });
  }
  channel.end();
}

function timeIsUp() {
  if (channel.stopped || channel.ending) return;
  announce("Time is up. The exam has ended.");
  if (readOnly) finished();
  else endExam();
}

// The server says that the exam is over: by the clock, from another window, or by staff.
function hasEnded() {
  if (clock.over) timeIsUp();
  else endExam();
}

function tooLate(count) {
  if (!count) return; // only times spent, no answer
  lost += count;
  dialog("ended-dialog").querySelector("p").textContent =
    `${lost} answer${lost === 1 ? "" : "s"} came too late to count. Everything saved before is in.`;
}

// Nobody is led away from a sentence that they have not read.
function finished() {
  if (lost) dialog("ended-dialog").open || dialog("ended-dialog").showModal();
  else location.assign(body.dataset.resultUrl);
}

dialog("ended-dialog").addEventListener("cancel", (event) => event.preventDefault());

// ---- another window ----------------------------------------------------------------------------------------------

function claimed() {
  if (channel.stopped) return;
  readOnly = true;
  document.querySelector(".questions").inert = true;
  for (const open of document.querySelectorAll("dialog[open]")) open.close();
  dialog("claimed-dialog").showModal();
}

document.getElementById("take-back").addEventListener("click", () => location.reload());

// ---- start: show where the candidate was, then make sure that this window holds the sitting -----------------------

outbox.onchange = () => status.dataset.state === "offline" && showStatus("offline");
for (const sheet of sheets) sheet.refresh();
board.count();
const [, asked] = location.hash.match(/^#q(\d+)$/) ?? [];
if (location.hash === "#review") board.review();
else board.show(Number(asked ?? body.dataset.current), { focus: false });

const start = await channel.claim();
if (start.state === "in_progress") {
  restore(start.answers);
  showStatus("saved");
  body.dataset.ready = "";
  channel.flush();
} else if (start.state === "ended") {
  hasEnded(); // what was answered in time and waits on this device is handed in now
} else {
  outbox.clear();
  finished();
}

// What the server holds is the truth, except for seats whose newer answer still waits here.
function restore(answers) {
  const waiting = new Map(outbox.pending.map((pending) => [pending.seat, pending]));
  for (const sheet of sheets) {
    const [version, response, flagged, spent] = answers[sheet.number] ?? [0, [], false, 0];
    sheet.version = version;
    sheet.spent = Math.max(sheet.spent, spent);
    const newest = waiting.get(sheet.number) ?? { response, flagged };
    if (String(sheet.response) !== String(newest.response)) sheet.response = newest.response;
    sheet.flagged = newest.flagged;
    board.mark(sheet);
  }
  board.flag.setAttribute("aria-pressed", String(board.current.flagged));
}
