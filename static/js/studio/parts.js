// Options, prompts and references: added, removed and moved in place, so that nothing typed meanwhile is lost. Rows keep
// their names when they move; their order in the page is the order that is saved.

const MOST = 20;
const SHOWN = 60; // characters of an option in the list of a prompt

export function installParts(form, { announce, changed }) {
  const list = (what) => form.querySelector(`[data-parts="${what}"] [data-rows]`);
  const rows = (what) => [...(list(what)?.children ?? [])];

  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-add], [data-how]");
    if (!button) return;
    event.preventDefault();
    if (button.getAttribute("aria-disabled") === "true") return;
    if (button.dataset.add) add(button.dataset.add);
    else act(button.closest("[data-part]"), button.dataset.how);
  });

  // Alt and an arrow move the row that one is writing in.
  form.addEventListener("keydown", (event) => {
    const how = { ArrowUp: "up", ArrowDown: "down" }[event.key];
    const row = event.target.closest("[data-part]");
    if (!event.altKey || event.ctrlKey || event.metaKey || !how || !row) return;
    event.preventDefault();
    act(row, how, event.target);
  });

  // Two steps never stand in one place: they change places.
  form.addEventListener("change", ({ target }) => {
    if (!target.matches("[data-position]")) return;
    for (const other of form.querySelectorAll("[data-position]")) {
      if (other !== target && target.value && other.value === target.value) other.value = target.dataset.was ?? "";
    }
    remember();
  });
  form.addEventListener("input", ({ target }) => {
    if (target.id?.startsWith("option-")) nameOptions();
  });

  function add(what) {
    if (rows(what).length >= MOST) return announce(`A question has at most ${MOST} of them`);
    const name = Math.max(0, ...rows(what).map((row) => Number(row.dataset.row))) + 1;
    const row = document.getElementById(`blank-${what}`).content.firstElementChild.cloneNode(true);
    row.dataset.row = name;
    for (const element of [row, ...row.querySelectorAll("*")]) {
      for (const { name: attribute, value } of [...element.attributes]) {
        if (/^\w+-0-\w+$/.test(value)) element.setAttribute(attribute, value.replace("-0-", `-${name}-`));
        else if (/^\w+:\w+:0$/.test(value)) element.setAttribute(attribute, value.replace(/0$/, name));
      }
    }
    for (const input of row.querySelectorAll(`[name="${what}"], [name="correct"]`)) input.value = name;
    list(what).append(row);
    refresh();
    row.querySelector("textarea, input.input").focus();
    announce(`${title(what)} ${rows(what).length} added`);
    changed();
  }

  function act(row, how, focused = null) {
    const what = row.dataset.part;
    const before = rows(what).indexOf(row);
    if (how === "remove") {
      const next = row.nextElementSibling ?? row.previousElementSibling;
      row.remove();
      refresh();
      (next?.querySelector("[data-how=remove]") ?? document.getElementById(`h-${what}`)).focus();
      announce(`${title(what)} ${before + 1} removed`);
      return changed();
    }
    const other = how === "up" ? row.previousElementSibling : row.nextElementSibling;
    if (!other) return;
    // The neighbour moves instead, so that what has the focus stays in the page and keeps it.
    if (how === "up") row.after(other);
    else row.before(other);
    refresh();
    (focused ?? row.querySelector(`[data-how=${how}]`)).focus();
    announce(`${title(what)} ${before + 1} is now ${rows(what).indexOf(row) + 1} of ${rows(what).length}`);
    changed();
  }

  function refresh() {
    for (const what of ["option", "prompt", "reference"]) {
      rows(what).forEach((row, place, all) => {
        for (const number of row.querySelectorAll("[data-number]")) number.textContent = place + 1;
        disable(row.querySelector("[data-how=up]"), place === 0);
        disable(row.querySelector("[data-how=down]"), place === all.length - 1);
      });
    }
    const positions = [...form.querySelectorAll("[data-position]")];
    const most = Math.max(positions.length, ...positions.map((select) => Number(select.value)));
    for (const select of positions) offer(select, Array.from({ length: most }, (_, place) => [place + 1, place + 1]));
    nameOptions();
    remember();
  }

  function nameOptions() {
    const shown = rows("option").map((row, place) => {
      const text = row.querySelector("textarea").value;
      return [row.dataset.row, `${place + 1}. ${text.length > SHOWN ? `${text.slice(0, SHOWN - 1)}…` : text}`];
    });
    for (const select of form.querySelectorAll("[data-match]")) offer(select, shown);
  }

  function remember() {
    for (const select of form.querySelectorAll("[data-position]")) select.dataset.was = select.value;
  }

  refresh();
}

// What a list offers after its empty first entry; what was chosen stays chosen if it is still there.
function offer(select, entries) {
  const { value } = select;
  const same = select.options.length === entries.length + 1;
  if (!same) select.replaceChildren(select.options[0], ...entries.map(() => document.createElement("option")));
  entries.forEach(([name, text], place) => {
    const option = select.options[place + 1];
    if (option.value !== String(name) || !option.hasAttribute("value")) option.value = name;
    if (option.text !== String(text)) option.text = text;
  });
  select.value = entries.some(([name]) => String(name) === value) ? value : "";
}

function disable(button, disabled) {
  if (disabled) button.setAttribute("aria-disabled", "true");
  else button.removeAttribute("aria-disabled");
}

const title = (what) => what[0].toUpperCase() + what.slice(1);
