// Highlight words of a stem or a scenario: what is selected, or sentence by sentence. It paints through the CSS
// Custom Highlight API, so the text itself is never touched; where the browser lacks it, the tool is not offered.

import { add, covers, remove, tidy } from "./marks.js";
import { Passage } from "./passage.js";
import { installReading } from "./reading.js";

const MOST = 40; // ranges in one text
const SETTLED = 200; // milliseconds in which a selection has not changed

export function installHighlight({ board, change, announce }) {
  if (!globalThis.CSS?.highlights) {
    for (const element of document.querySelectorAll("[data-highlight], [data-clear-marks], [data-needs-highlights]")) {
      element.hidden = true;
    }
    return () => false;
  }
  const marker = new Highlight();
  CSS.highlights.set("marker", marker);
  const texts = new Map(board.sheets.map((sheet) => [sheet, textsOf(board, sheet)]));
  const tools = document.getElementById("marking-tools").content.firstElementChild;
  board.body.addEventListener("questionshown", () => {
    const { section } = board.current;
    if (!section.querySelector(".marking-tools")) section.querySelector(".question-head").append(tools.cloneNode(true));
  });
  const floating = document.getElementById("marking-selection");
  let selected = []; // what was selected when the button was pressed: on some phones a press ends the selection

  // Make what the page shows agree with the marks of a sheet.
  function paint(sheet) {
    for (const other of board.sheets) {
      for (const text of texts.get(other)) {
        if (text.owner !== sheet) continue;
        for (const range of text.painted) marker.delete(range);
        const marks = tidy(text.marks, text.passage.text);
        text.painted = pairs(marks).map(([start, end]) => text.passage.rangeOf(start, end));
        for (const range of text.painted) marker.add(range);
      }
      other.section.toggleAttribute("data-marked", texts.get(other).some((text) => text.painted.length));
    }
  }

  // Mark places, or unmark them when all of them are marked. Returns whether they are marked now, null when refused.
  function toggle(places) {
    const unmark = places.every(({ text, place }) => covers(text.marks, place));
    const results = places.map(({ text, place }) => (unmark ? remove : add)(text.marks, place, text.passage.text));
    if (results.some((marks) => marks.length > 2 * MOST)) {
      announce(`A text can have ${MOST} highlights; clear some first`);
      return null;
    }
    places.forEach(({ text }, index) => {
      text.marks = results[index];
    });
    for (const sheet of new Set(places.map(({ text }) => text.owner))) change(sheet);
    return !unmark;
  }

  function selection() {
    const current = getSelection();
    if (!current.rangeCount || current.isCollapsed || locked()) return [];
    return texts
      .get(board.current)
      .filter(({ passage }) => passage.visible)
      .map((text) => ({ text, place: text.passage.offsetsOf(current.getRangeAt(0)) }))
      .filter(({ place }) => place);
  }

  function markSelection(places) {
    const marked = toggle(places);
    if (marked === null) return;
    announce(marked ? "Highlighted" : "Highlight removed");
    getSelection().removeAllRanges();
  }

  function clear() {
    for (const text of texts.get(board.current)) {
      if (!text.marks.length) continue;
      text.marks = [];
      change(text.owner);
    }
    announce("Highlights cleared");
    button().focus();
  }

  const locked = () => board.reviewing || Boolean(board.current.section.closest("[inert]"));
  const button = () => board.current.section.querySelector("[data-highlight]");
  const reading = installReading({ board, texts, button, toggle, announce });

  function act(places) {
    if (locked()) return false;
    if (places.length) markSelection(places);
    else reading.toggle();
    return true;
  }

  document.addEventListener("pointerdown", (event) => {
    selected = event.target.closest("[data-highlight]") ? selection() : [];
  });
  document.addEventListener("mousedown", (event) => {
    if (event.target.closest("[data-highlight]")) event.preventDefault(); // it would end the selection
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-highlight]")) {
      act(selected.length ? selected : selection());
      selected = [];
      floating.hidden = true;
    } else if (event.target.closest("[data-clear-marks]")) {
      clear();
    }
  });
  document.addEventListener("marked", (event) => paint(board.sheet(Number(event.target.dataset.seat))));

  // The button of a long text may be far away from what is selected; then a second one comes within reach.
  let timer = 0;
  document.addEventListener("selectionchange", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      floating.hidden = !(selection().length && !reading.active && !inView(button()));
    }, SETTLED);
  });

  return () => act(selection());
}

// The texts of a question: its scenario, whose marks its first question keeps, and its stem.
function textsOf(board, sheet) {
  const { section } = sheet;
  const scenario = section.querySelector(".scenario .stem");
  const found = [{ element: section.querySelector(".work > .stem"), owner: sheet, name: "marks" }];
  if (scenario) {
    found.unshift({ element: scenario, owner: board.sheet(Number(section.dataset.scenarioFirst)), name: "scenarioMarks" });
  }
  return found.map(({ element, owner, name }) => ({
    get passage() {
      this.read ??= new Passage(element);
      return this.read;
    },
    owner,
    painted: [],
    get marks() {
      return owner[name];
    },
    set marks(marks) {
      owner[name] = marks;
    },
  }));
}

function pairs(marks) {
  return marks.flatMap((start, place) => (place % 2 ? [] : [[start, marks[place + 1]]]));
}

function inView(element) {
  const { top, bottom } = element.getBoundingClientRect();
  const pane = document.getElementById("main").getBoundingClientRect();
  return top >= Math.max(pane.top, 0) && bottom <= Math.min(pane.bottom, innerHeight);
}
