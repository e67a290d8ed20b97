// Everything by keyboard alone. Plain letters act only where nothing is typed, and never with a modifier. Who speaks
// to the computer can switch them off, so that no word answers a question; the choice is kept in this browser.

const TYPING = "select, textarea, input:not([type=radio], [type=checkbox])";
const STORE = "cutscore:shortcuts";

function remember(enabled) {
  try {
    enabled.checked = localStorage.getItem(STORE) !== "off";
  } catch {
    // Storage forbidden: on, as long as nobody says otherwise.
  }
  enabled.addEventListener("change", () => {
    try {
      localStorage.setItem(STORE, enabled.checked ? "on" : "off");
    } catch {
      // The choice then lasts as long as the page.
    }
  });
}

export function listen({ board, clock, actions, enabled }) {
  remember(enabled);
  const commands = {
    n: actions.next,
    p: actions.previous,
    m: actions.flag,
    r: actions.review,
    l: actions.highlight,
    w: actions.notes,
    v: actions.display,
    t: () => actions.announce(clock.spoken()),
    "?": actions.help,
  };
  document.addEventListener("keydown", (event) => {
    if (!enabled.checked || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (document.querySelector("dialog[open]") || event.target.closest(TYPING)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const letter = "abcdefgh".indexOf(key);
    const place = letter >= 0 ? letter : "12345678".indexOf(key);
    if (place >= 0 && !board.reviewing && !board.current.section.closest("[inert]")) {
      const strikes = letter >= 0 && event.shiftKey; // some keyboards have their digits on Shift
      if (strikes ? actions.strike(place) : choose(board.current, place)) event.preventDefault();
    } else if (commands[key]) {
      event.preventDefault();
      commands[key]();
    }
  });
  // Out of a list, back to where plain letters act. An open list closes first, as everywhere.
  document.addEventListener("keydown", (event) => {
    const select = event.key === "Escape" && event.target.closest(".question select");
    if (!select || isOpen(select)) return;
    event.preventDefault();
    board.current.heading.focus({ preventScroll: true });
  });
}

function isOpen(select) {
  return CSS.supports("selector(:open)") && select.matches(":open");
}

// Press the option, step or select in this place of the question.
function choose(sheet, place) {
  const inputs = sheet.section.querySelectorAll(".option input");
  const selects = sheet.section.querySelectorAll("select");
  const step = sheet.section.querySelector(`[data-letter="${String.fromCharCode(65 + place)}"]`);
  if (inputs[place]) {
    inputs[place].focus();
    inputs[place].click();
  } else if (selects[place]) {
    selects[place].focus();
  } else if (step) {
    step.querySelector(step.closest(".pool") ? "[data-move=in]" : "[data-move=out]").click();
  } else {
    return false;
  }
  return true;
}
