// Order steps by dragging them at their handle, with mouse, pen or finger. Buttons and keys stay; all of them end in
// the same change. While a step is in the air the others only make room in appearance; the list itself changes when it
// is put down.

import { scrollerOf, windowOf } from "./scroller.js";

const EDGE = 56; // pixels from the edge where the page begins to scroll
const FASTEST = 14; // pixels in one frame

export function installDrag({ board, change, announce }) {
  let drag = null;

  document.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest("[data-grip]");
    if (!grip || drag || event.button !== 0 || !event.isPrimary) return;
    event.preventDefault(); // no text is selected from here
    drag = new Drag(board, grip.closest("[data-token]"), event);
    grip.setPointerCapture(event.pointerId);
  });
  document.addEventListener("pointermove", (event) => drag?.owns(event) && drag.move(event.clientY));
  document.addEventListener("pointerup", (event) => drag?.owns(event) && finish(drag.target));
  document.addEventListener("pointercancel", (event) => drag?.owns(event) && finish(null));
  document.addEventListener(
    "keydown",
    (event) => {
      if (!drag) return;
      event.preventDefault();
      event.stopPropagation(); // no shortcut acts on a step in the air
      if (event.key !== "Escape") return;
      finish(null);
      announce("Not moved");
    },
    { capture: true },
  );
  board.body.addEventListener("questionshown", () => drag && finish(null));

  function finish(target) {
    const { sheet, token } = drag;
    drag.end();
    drag = null;
    if (!target) return;
    if (target.full) return announce(`All ${sheet.slots} places are taken; take a step out first`);
    const said = sheet.place(token, target.place);
    if (!said) return;
    announce(said);
    change(sheet);
  }
}

class Drag {
  constructor(board, step, { pointerId, clientY }) {
    this.sheet = board.sheet(Number(step.closest(".question").dataset.seat));
    this.step = step;
    this.token = step.dataset.token;
    this.pointerId = pointerId;
    this.area = step.closest("fieldset");
    this.chosen = this.area.querySelector(".order.chosen");
    this.pool = this.area.querySelector(".order.pool");
    this.scroller = scrollerOf(step);
    this.scrolled = this.scroller.scrollTop;
    this.from = clientY;
    this.box = step.getBoundingClientRect();
    this.entries = [...this.chosen.children].map((entry) => ({ entry, box: entry.getBoundingClientRect() }));
    this.gap = parseFloat(getComputedStyle(this.chosen).rowGap) || 0;
    this.y = clientY;
    this.target = null;
    board.body.dataset.dragging = "";
    step.dataset.lifted = "";
    this.frame = requestAnimationFrame(() => this.#scroll());
  }

  owns(event) {
    return event.pointerId === this.pointerId;
  }

  move(y) {
    this.y = y;
    const by = this.scroller.scrollTop - this.scrolled;
    const { top, bottom } = this.area.getBoundingClientRect();
    // Never beyond the lists, so that floating makes no page longer.
    const wanted = y - this.from + by;
    const lowest = bottom - (this.box.bottom - by);
    const highest = top - (this.box.top - by);
    this.step.style.translate = `0 ${Math.min(Math.max(wanted, highest), lowest)}px`;
    this.#aim(by);
  }

  // Where the step would come to stand: a place in the order, -1 for the pool.
  #aim(by) {
    const y = this.y + by; // where the pointer is in the lists as they lay at the start
    const pool = this.pool.getBoundingClientRect();
    const chosen = this.chosen.getBoundingClientRect();
    const inside = this.y < (chosen.bottom + pool.top) / 2;
    const others = this.entries.filter(({ entry }) => entry.dataset.token && entry !== this.step);
    const place = inside ? others.filter(({ box }) => box.top + box.height / 2 < y).length : -1;
    this.target = { place, full: inside && this.step.closest(".pool") && others.length >= this.sheet.slots };
    this.chosen.dataset.drop = inside ? (this.target.full ? "full" : "into") : "";
    this.pool.dataset.drop = inside ? "" : "into";
    this.#makeRoom();
  }

  // Steps below the place move down, steps below the one that was lifted close up behind it, and the last empty place
  // goes when a step from the pool takes it.
  #makeRoom() {
    const { place, full } = this.target;
    const last = this.entries.at(-1);
    const height = this.box.height + this.gap;
    const lifted = this.entries.findIndex(({ entry }) => entry === this.step);
    const comes = place >= 0 && !full;
    const room = lifted >= 0 ? height : last.box.height + this.gap; // the list as a whole keeps its height
    let rank = 0; // among the others
    for (const [index, { entry }] of this.entries.entries()) {
      if (entry === this.step) continue;
      const by = (comes && rank >= place ? room : 0) - (lifted >= 0 && index > lifted ? height : 0);
      entry.style.translate = by ? `0 ${by}px` : "";
      rank += 1;
    }
    last.entry.toggleAttribute("data-yields", comes && lifted < 0);
  }

  #scroll() {
    const { top, bottom } = windowOf(this.scroller);
    const into = Math.max(top + EDGE - this.y, 0) || Math.min(bottom - EDGE - this.y, 0);
    if (into && this.target) {
      this.scroller.scrollBy({ top: -Math.sign(into) * Math.min(FASTEST, Math.abs(into) / 3), behavior: "instant" });
      this.move(this.y);
    }
    this.frame = requestAnimationFrame(() => this.#scroll());
  }

  end() {
    cancelAnimationFrame(this.frame);
    delete document.body.dataset.dragging;
    delete this.step.dataset.lifted;
    for (const list of [this.chosen, this.pool]) delete list.dataset.drop;
    for (const entry of [this.step, ...this.chosen.children]) {
      entry.style.translate = "";
      entry.removeAttribute("data-yields");
    }
  }
}
