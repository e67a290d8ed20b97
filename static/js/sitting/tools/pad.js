// One pad of notes for the whole exam. It stays open while one moves between questions and covers nothing one needs.

const MOST = 3_000; // bytes of UTF-8
const SOON_FULL = 300;
const REST = 800; // milliseconds without a keystroke

const encoder = new TextEncoder();
const bytes = (text) => encoder.encode(text).length;
const byId = (id) => document.getElementById(id);

export class Pad {
  constructor({ announce }) {
    this.announce = announce;
    this.onchange = () => {};
    this.panel = byId("pad");
    this.field = byId("pad-text");
    this.opener = byId("open-pad");
    this.left = byId("pad-left");
    this.timer = 0;
    this.known = this.field.value; // what onchange was last called with
    this.field.addEventListener("input", (event) => event.isComposing || this.#typed());
    this.field.addEventListener("compositionend", () => this.#typed());
    this.field.addEventListener("blur", () => this.flush());
    addEventListener("pagehide", () => this.flush());
    this.panel.addEventListener("keydown", (event) => this.#key(event));
    byId("close-pad").addEventListener("click", () => this.close());
    this.opener.addEventListener("click", () => (this.panel.hidden ? this.open() : this.close()));
    this.#show();
  }

  get text() {
    return this.field.value;
  }

  set text(text) {
    clearTimeout(this.timer);
    if (this.field.value !== text) this.field.value = text;
    this.known = this.field.value;
    this.#show();
  }

  // For a window that may no longer answer: its notes can still be read.
  set readOnly(readOnly) {
    this.field.readOnly = readOnly;
  }

  open() {
    this.panel.hidden = false;
    document.documentElement.dataset.pad = "";
    this.opener.setAttribute("aria-expanded", "true");
    byId("tools").hidePopover?.();
    this.field.focus();
  }

  close() {
    this.flush();
    this.panel.hidden = true;
    delete document.documentElement.dataset.pad;
    this.opener.setAttribute("aria-expanded", "false");
    // On a phone the button is folded away; the one that unfolds it takes its place.
    const back = [this.opener, byId("open-tools"), byId("review-title")].find((element) => element.checkVisibility());
    back?.focus();
  }

  // Report at once what was typed since the last report.
  flush() {
    clearTimeout(this.timer);
    if (this.field.value === this.known) return;
    this.known = this.field.value;
    this.onchange();
  }

  #typed() {
    this.#cut();
    this.#show();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), REST);
  }

  // Too much: take back the end of what was just put in, never half a character.
  #cut() {
    const { value, selectionEnd } = this.field;
    let over = bytes(value) - MOST;
    if (over <= 0) return;
    const before = [...value.slice(0, selectionEnd)];
    while (over > 0 && before.length) over -= bytes(before.pop());
    const kept = before.join("");
    this.field.value = kept + value.slice(selectionEnd);
    this.field.setSelectionRange(kept.length, kept.length);
    this.announce("The pad is full");
  }

  #show() {
    const left = MOST - bytes(this.field.value);
    this.left.textContent = left < SOON_FULL ? (left ? `Room left: ${left}` : "The pad is full") : "";
    const filled = Boolean(this.field.value.trim());
    this.opener.toggleAttribute("data-filled", filled);
    this.opener.querySelector("[data-filled-words]").textContent = filled ? "(something is written)" : "";
  }

  #key(event) {
    if (event.key !== "Escape" || event.isComposing) return;
    event.preventDefault();
    event.stopPropagation();
    this.close();
  }
}
