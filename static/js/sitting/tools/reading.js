// Highlighting without a pointer: from sentence to sentence with the arrow keys, Enter or Space marks. The buttons at
// the foot of the page do the same for fingers, and so does a tap on a sentence.

import { covers } from "./marks.js";
import { reveal } from "./scroller.js";

const HELP = "Sentence by sentence: arrow keys move, Enter highlights, Escape leaves.";

export function installReading({ board, texts, button, toggle, announce }) {
  const bar = document.getElementById("marking");
  const mark = bar.querySelector("[data-reading=mark]");
  const cursor = new Highlight();
  cursor.priority = 1; // drawn over the marker
  CSS.highlights.set("reading", cursor);
  let stops = [];
  let place = 0;

  const reading = {
    get active() {
      return !bar.hidden;
    },
    toggle: () => (bar.hidden ? enter() : leave()),
  };

  function enter() {
    stops = texts
      .get(board.current)
      .filter(({ passage }) => passage.visible)
      .flatMap((text) => text.passage.sentences.map((sentence) => ({ text, place: sentence })));
    place = Math.max(0, stops.findIndex(({ text }) => text.owner === board.current && text.passage.element.id));
    bar.hidden = false;
    board.body.dataset.marking = "";
    button().setAttribute("aria-pressed", "true");
    mark.focus({ preventScroll: true });
    show(HELP);
  }

  function leave({ focus = true } = {}) {
    if (bar.hidden) return;
    const inside = bar.contains(document.activeElement);
    bar.hidden = true;
    delete board.body.dataset.marking;
    cursor.clear();
    for (const other of document.querySelectorAll("[data-highlight][aria-pressed=true]")) {
      other.setAttribute("aria-pressed", "false");
    }
    if (focus && inside) button().focus({ preventScroll: true });
  }

  // Underline the sentence, bring it into view and read it out with its state.
  function show(before = "") {
    const { text, place: sentence } = stops[place];
    const range = text.passage.rangeOf(...sentence);
    const marked = covers(text.marks, sentence);
    cursor.clear();
    cursor.add(range);
    reveal(range, text.passage.element);
    mark.setAttribute("aria-pressed", String(marked));
    const words = text.passage.text.slice(...sentence).replace(/\s+/g, " ");
    announce(`${before} ${marked ? "Highlighted:" : "Not highlighted:"} ${words}`.trim());
  }

  function move(by) {
    const next = place + by;
    if (!stops[next]) return announce(by < 0 ? "First sentence" : "Last sentence");
    place = next;
    show();
  }

  function flip() {
    const marked = toggle([stops[place]]);
    if (marked === null) return;
    mark.setAttribute("aria-pressed", String(marked));
    announce(marked ? "Highlighted" : "Highlight removed");
  }

  const commands = { back: () => move(-1), forward: () => move(1), mark: flip, done: () => leave() };
  const keys = { ArrowUp: "back", ArrowLeft: "back", ArrowDown: "forward", ArrowRight: "forward", Escape: "done" };

  bar.addEventListener("keydown", (event) => {
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    commands[keys[event.key]]();
  });
  bar.addEventListener("click", (event) => {
    const name = event.target.closest("[data-reading]")?.dataset.reading;
    if (name) commands[name]();
  });

  document.addEventListener("click", (event) => {
    if (bar.hidden || !getSelection().isCollapsed) return;
    const found = stops.findIndex(({ text, place: sentence }) => {
      if (!text.passage.element.contains(event.target)) return false;
      const boxes = [...text.passage.rangeOf(...sentence).getClientRects()];
      return boxes.some((box) => box.left <= event.clientX && event.clientX <= box.right
        && box.top <= event.clientY && event.clientY <= box.bottom);
    });
    if (found < 0) return;
    event.preventDefault(); // a link in the text leads nowhere while one marks it
    place = found;
    flip();
    show();
    mark.focus({ preventScroll: true });
  });
  board.body.addEventListener("questionshown", () => leave({ focus: false }));
  return reading;
}
