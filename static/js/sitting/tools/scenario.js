// A case study's scenario: beside the question it is always open and keeps its place while one moves within the set;
// above the question it opens and closes, in all its copies alike.

export function installScenario({ board }) {
  const all = [...document.querySelectorAll(".scenario")];
  if (!all.length) return;
  const column = (scenario) => scenario.querySelector(".scenario-text");
  const firstOf = (scenario) => scenario.closest(".question").dataset.scenarioFirst;
  const beside = (scenario) => getComputedStyle(scenario).position === "sticky";
  const places = new Map(); // how far each scenario was scrolled
  let open = true; // the reader's choice where there is one

  function settle() {
    const scenario = board.current.section.querySelector(".scenario");
    if (!scenario) return;
    scenario.open = open || beside(scenario);
    const text = column(scenario);
    if (text.scrollHeight > text.clientHeight) text.tabIndex = 0;
    else text.removeAttribute("tabindex"); // nothing to scroll, no stop on the way
  }

  for (const scenario of all) {
    scenario.querySelector("summary").addEventListener("click", (event) => {
      if (beside(scenario)) event.preventDefault();
      else open = !scenario.open;
    });
    column(scenario).addEventListener("scroll", () => {
      if (scenario.closest("[data-current]")) places.set(firstOf(scenario), column(scenario).scrollTop);
    });
  }
  board.body.addEventListener("questionshown", () => {
    const scenario = board.current.section.querySelector(".scenario");
    settle();
    if (scenario) column(scenario).scrollTop = places.get(firstOf(scenario)) ?? 0;
  });
  new ResizeObserver(settle).observe(board.body);
}
