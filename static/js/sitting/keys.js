// Everything by keyboard alone. Plain letters act only where nothing is typed, and never with a modifier. Who speaks
// to the computer can switch them off, so that no word answers a question; the choice is kept in this browser.

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
    t: () => actions.announce(clock.spoken()),
    "?": actions.help,
  };
  document.addEventListener("keydown", (event) => {
    if (!enabled.checked || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (document.querySelector("dialog[open]") || event.target.closest("select, textarea, input[type=text]")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const place = "12345678".indexOf(key) >= 0 ? Number(key) - 1 : "abcdefgh".indexOf(key);
    if (place >= 0 && !board.reviewing && !board.current.section.closest("[inert]")) {
      if (choose(board.current, place)) event.preventDefault();
    } else if (commands[key]) {
      event.preventDefault();
      commands[key]();
    }
  });
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
