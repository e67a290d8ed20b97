// The live board changes under the hands of whoever works with it. So what comes every few seconds is put into the page
// cell by cell, and only where it differs: ticks, focus and the place one has scrolled to stay as they are.
/* global htmx */

const live = document.querySelector("#board-live");
const count = () => document.querySelector("#board-count");
const boxes = () => [...document.querySelectorAll('#board-rows [name="who"]')];
const everybody = () => document.querySelector('[name="all"][form="board-act"]');

function putRows(body, fresh) {
  const wanted = new Set([...fresh.rows].map((row) => row.id));
  // First of all: nobody then has to be moved up past them, which would take the focus away.
  for (const row of [...body.rows]) if (!wanted.has(row.id)) row.remove();
  const known = new Map([...body.rows].map((row) => [row.id, row]));
  let before = null;
  for (const row of [...fresh.rows]) {
    const old = known.get(row.id);
    const now = old ?? row;
    if (old) {
      const cells = [...row.cells];
      [...old.cells].forEach((cell, place) => {
        // The first one is the box, which is never replaced.
        if (place > 0 && !cell.isEqualNode(cells[place])) cell.replaceWith(cells[place]);
      });
    }
    const place = before ? before.nextElementSibling : body.firstElementChild;
    if (now !== place) body.insertBefore(now, place);
    before = now;
  }
}

function put(fresh) {
  for (const part of fresh.querySelectorAll("[data-live]")) {
    const old = document.getElementById(part.id);
    if (old && !old.isEqualNode(part)) old.replaceWith(part);
  }
  const rows = fresh.querySelector("[data-rows]");
  if (rows) putRows(document.getElementById(rows.id), rows);
}

function tell() {
  if (!count()) return;
  const ticked = boxes().filter((box) => box.checked).length;
  const said = everybody().checked ? "" : ticked ? `${ticked} chosen` : "Nobody chosen";
  if (count().textContent !== said) count().textContent = said;
}

htmx.defineExtension("in-place", {
  handleSwap(style, target, fragment) {
    if (style !== "in-place") return false;
    put(fragment);
    tell();
    return [];
  },
});

// Nobody looks at a hidden tab.
live?.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden) event.preventDefault();
});

document.addEventListener("change", (event) => {
  if (event.target.form?.id === "board-act") tell();
});

addEventListener("pageshow", tell);
tell();
