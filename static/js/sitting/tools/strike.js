// Strike out options that one has ruled out. A struck option is never a chosen one: each act undoes the other.

export function installStrike({ board, change, announce }) {
  const blank = document.getElementById("strike-button").content.firstElementChild;

  // Most questions get their buttons when they are first shown, so that the page is smaller and sooner there.
  board.body.addEventListener("questionshown", () => {
    for (const option of board.current.section.querySelectorAll(".option:not(:has([data-strike]))")) {
      const button = blank.cloneNode(true);
      button.querySelector(".sr-only").append(option.querySelector(".letter").textContent);
      button.setAttribute("aria-pressed", String("struck" in option.dataset));
      option.append(button);
    }
  });

  function toggle(sheet, button) {
    const token = tokenOf(button);
    const letter = letterOf(button);
    const struck = button.getAttribute("aria-pressed") !== "true";
    const chosen = struck && sheet.response.includes(token);
    sheet.struck = struck ? [...sheet.struck, token] : sheet.struck.filter((other) => other !== token);
    if (chosen) sheet.response = sheet.response.filter((other) => other !== token);
    announce(`Option ${letter} ${struck ? "struck out" : "no longer struck out"}${chosen ? " and no longer chosen" : ""}`);
    change(sheet);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-strike]");
    if (button) toggle(sheetOf(board, button), button);
  });

  // Before the choice is recorded, so that both travel in one change. One choice too many is about to be taken back.
  document.addEventListener(
    "change",
    (event) => {
      const button = event.target.closest(".option[data-struck]")?.querySelector("[data-strike]");
      if (!button || !event.target.checked) return;
      const sheet = sheetOf(board, button);
      if (sheet.given > sheet.slots) return;
      sheet.struck = sheet.struck.filter((token) => token !== tokenOf(button));
      announce(`Option ${letterOf(button)} no longer struck out`);
    },
    { capture: true },
  );

  // By keyboard: the option in this place of the question that is shown.
  return function strike(place) {
    const button = board.current.section.querySelectorAll("[data-strike]")[place];
    if (button) toggle(board.current, button);
    return Boolean(button);
  };
}

const sheetOf = (board, element) => board.sheet(Number(element.closest(".question").dataset.seat));
const tokenOf = (button) => button.closest(".option").querySelector("input").value;
const letterOf = (button) => button.closest(".option").querySelector(".letter").textContent;
