// The list of questions: "/" goes to the search, j and k walk through the rows, and a selection says how large it is.
// The list is replaced while one types, so everything listens on the document.

const search = document.querySelector("#q");
const found = () => document.querySelector("#selection");
const boxes = () => [...(found()?.querySelectorAll('[name="row"]') ?? [])];
const writes = (element) => element.matches("input:not([type=checkbox]), textarea, select, [contenteditable]");

function tell() {
  const form = found();
  if (!form) return;
  const rows = boxes();
  const ticked = rows.filter((box) => box.checked).length;
  const page = form.querySelector("[data-page]");
  page.hidden = false;
  const box = page.querySelector("input");
  box.checked = ticked > 0 && ticked === rows.length;
  box.indeterminate = ticked > 0 && ticked < rows.length;
  const said = form.elements.all.checked ? "All results chosen" : ticked ? `${ticked} chosen` : "";
  form.querySelector("[data-count]").textContent = said;
}

function step(by) {
  const rows = boxes();
  const place = rows.indexOf(document.activeElement);
  const next = place < 0 ? (by > 0 ? 0 : rows.length - 1) : place + by;
  rows[next]?.focus();
}

const KEYS = {
  "/": () => {
    search.focus();
    search.select();
  },
  j: () => step(1),
  k: () => step(-1),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || writes(event.target)) return;
  if (!Object.hasOwn(KEYS, event.key)) return;
  event.preventDefault();
  KEYS[event.key]();
});

document.addEventListener("change", ({ target }) => {
  if (!found()?.contains(target)) return;
  if (target.closest("[data-page]")) for (const box of boxes()) box.checked = target.checked;
  tell();
});

document.addEventListener("htmx:afterSwap", tell);
addEventListener("pageshow", tell);
tell();
