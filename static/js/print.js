// Print the report. Without this script there is no button, and the browser's own menu still prints it.
const button = document.querySelector("[data-print]");

if (button) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
