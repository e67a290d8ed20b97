// The preview answers as the exam screen does, by the same code: options are chosen, steps are moved.

import { Sheet } from "../sitting/sheet.js";

export function installPreview(screen) {
  const sheet = () => {
    const section = screen.querySelector(".question");
    return section && new Sheet(section);
  };

  screen.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move], [data-clear]");
    if (!button || button.getAttribute("aria-disabled") === "true") return;
    if ("clear" in button.dataset) {
      sheet().response = [];
      return;
    }
    const step = button.closest("[data-token]");
    sheet().move(step.dataset.token, button.dataset.move);
    [...step.querySelectorAll("[data-move]")].find((other) => other.offsetParent)?.focus();
  });
  screen.addEventListener("change", () => sheet()?.refresh());
  screen.addEventListener("htmx:afterSettle", () => sheet()?.refresh());
  sheet()?.refresh();
}
