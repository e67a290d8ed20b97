// The dialog of text size, spacing, contrast and theme. What is chosen there is applied and kept by theme.js.

export function installDisplay() {
  const dialog = document.getElementById("display-dialog");

  function show() {
    const chosen = document.documentElement.dataset;
    for (const input of dialog.querySelectorAll("[data-display]")) {
      input.checked = input.value === (chosen[input.dataset.display] ?? "");
    }
    dialog.showModal();
    dialog.querySelector(":checked").focus();
  }

  document.getElementById("open-display").addEventListener("click", show);
  return show;
}
