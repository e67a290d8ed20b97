// One question on the page: read what is answered, show what is stored, per kind.

const inputs = (section) => [...section.querySelectorAll("input")];
const selects = (section) => [...section.querySelectorAll("select")];
const text = (element) => element.textContent.trim();
const tokenOf = (option) => option.querySelector("input").value;
const LONGEST = 90; // characters of a question in the review
const SHORT = 28; // characters that fit into the narrowest list
const steps = (section, list) => [...section.querySelectorAll(`.order.${list} > [data-token]`)];

const choices = {
  read: (section) => inputs(section).filter((input) => input.checked).map((input) => input.value),
  write(section, response) {
    for (const input of inputs(section)) input.checked = response.includes(input.value);
  },
  given: (section) => inputs(section).filter((input) => input.checked).length,
  words: (section, response) =>
    inputs(section)
      .filter((input) => response.includes(input.value))
      .map((input) => `${text(input.closest("label").querySelector(".letter"))}. ${text(input.closest("label").querySelector(".text"))}`),
};

const ordering = {
  read: (section) => steps(section, "chosen").map((step) => step.dataset.token),
  write(section, response) {
    const all = new Map([...steps(section, "chosen"), ...steps(section, "pool")].map((step) => [step.dataset.token, step]));
    const pool = section.querySelector(".order.pool");
    const chosen = section.querySelector(".order.chosen");
    const rest = [...all.values()].filter((step) => !response.includes(step.dataset.token));
    rest.sort((one, other) => one.dataset.letter.localeCompare(other.dataset.letter));
    chosen.replaceChildren(...response.map((token) => all.get(token)).filter(Boolean));
    pool.replaceChildren(...rest);
  },
  given: (section) => steps(section, "chosen").length,
  words(section, response) {
    const words = (token) => text(section.querySelector(`[data-token="${token}"] p`));
    return response.map((token, place) => `${place + 1}. ${words(token)}`);
  },
};

const matching = {
  read(section) {
    const values = selects(section).map((select) => select.value);
    return values.some(Boolean) ? values : [];
  },
  write(section, response) {
    selects(section).forEach((select, place) => {
      select.value = response[place] ?? "";
    });
  },
  given: (section) => selects(section).filter((select) => select.value).length,
  words(section, response) {
    const words = (select, value) => `${text(select.labels[0])}: ${text(select.querySelector(`option[value="${value}"]`))}`;
    return selects(section).flatMap((select, place) => (response[place] ? [words(select, response[place])] : []));
  },
};

const kinds = { multiple_choice: choices, multiple_response: choices, ordering, matching };

export class Sheet {
  #marks;

  constructor(section) {
    this.section = section;
    this.number = Number(section.dataset.seat);
    this.kind = section.dataset.kind;
    this.slots = Number(section.dataset.slots);
    this.version = Number(section.dataset.version);
    this.spent = Number(section.dataset.spent);
    this.spentKnown = this.spent; // what the server was told
    this.standing = this.response; // what the server has, as far as this window knows
    this.#marks = { own: [], scenario: [] };
  }

  get response() {
    return kinds[this.kind].read(this.section);
  }

  set response(response) {
    kinds[this.kind].write(this.section, response);
    this.refresh();
  }

  get given() {
    return kinds[this.kind].given(this.section);
  }

  get state() {
    if (this.given >= this.slots) return "answered";
    return this.given ? "incomplete" : "unanswered";
  }

  get flagged() {
    return "flagged" in this.section.dataset;
  }

  set flagged(flagged) {
    this.section.toggleAttribute("data-flagged", flagged);
  }

  // Tokens of the options that are struck out.
  get struck() {
    return [...this.section.querySelectorAll(".option[data-struck]")].map(tokenOf);
  }

  set struck(tokens) {
    for (const option of this.section.querySelectorAll(".option")) {
      const struck = tokens.includes(tokenOf(option));
      option.toggleAttribute("data-struck", struck);
      option.querySelector("[data-strike]")?.setAttribute("aria-pressed", String(struck));
    }
  }

  // What is highlighted in the stem: [start, end, start, end, …], ascending offsets into its text.
  get marks() {
    return this.#marks.own;
  }

  set marks(marks) {
    this.#setMarks("own", marks);
  }

  // The same in the scenario of a case study. Only the first of its questions has any; all of them show these.
  get scenarioMarks() {
    return this.#marks.scenario;
  }

  set scenarioMarks(marks) {
    this.#setMarks("scenario", marks);
  }

  #setMarks(name, marks) {
    if (String(this.#marks[name]) === String(marks)) return;
    this.#marks[name] = [...marks];
    this.section.dispatchEvent(new Event("marked", { bubbles: true })); // whoever paints them listens
  }

  // The first words of the question.
  get beginning() {
    const words = text(this.section.querySelector(".work > .stem")).replace(/\s+/g, " ");
    return words.length <= LONGEST ? words : `${words.slice(0, LONGEST).replace(/ \S*$/, "")} …`;
  }

  get heading() {
    return this.section.querySelector("h2");
  }

  // All that a candidate has done here, as it is kept and sent.
  snapshot() {
    const { response, flagged, struck, marks, scenarioMarks: scenario } = this;
    return { response, flagged, struck, marks, scenario };
  }

  restore({ response = [], flagged = false, struck = [], marks = [], scenario = [] }) {
    const known = this.snapshot();
    if (String(known.response) !== String(response)) this.response = response;
    if (known.flagged !== flagged) this.flagged = flagged;
    if (String(known.struck) !== String(struck)) this.struck = struck;
    if (String(known.marks) !== String(marks)) this.marks = marks;
    if (String(known.scenario) !== String(scenario)) this.scenarioMarks = scenario;
  }

  // A response in words, a line for each entry.
  describe(response) {
    const lines = kinds[this.kind].words(this.section, response);
    return lines.length ? lines : ["No answer"];
  }

  // The counter beside "Choose two" and the state of the buttons that move steps.
  refresh() {
    if (this.kind === "matching") selects(this.section).forEach(spellOut);
    const count = this.section.querySelector("[data-count]");
    if (count) count.textContent = `${this.given} of ${this.slots} ${this.kind === "ordering" ? "placed" : "chosen"}`;
    if (this.kind !== "ordering") return;
    const chosen = steps(this.section, "chosen");
    chosen.forEach((step, place) => {
      disable(step.querySelector("[data-move=up]"), place === 0);
      disable(step.querySelector("[data-move=down]"), place === chosen.length - 1);
    });
    for (const step of steps(this.section, "pool")) {
      disable(step.querySelector("[data-move=in]"), chosen.length >= this.slots);
    }
    const slots = Array.from({ length: this.slots - chosen.length }, (_, index) => {
      const slot = document.createElement("li");
      slot.className = "slot";
      const text = document.createElement("p");
      text.textContent = index || chosen.length ? "Add one more step" : "Add the first step";
      slot.append(text);
      return slot;
    });
    for (const slot of this.section.querySelectorAll(".slot")) slot.remove();
    this.section.querySelector(".order.chosen").append(...slots);
  }

  // Put a step of an ordering in a place counted from 0 without itself, or out with -1; returns as `move` does.
  place(token, place) {
    const before = this.response;
    const order = before.filter((other) => other !== token);
    if (place >= 0 && order.length < this.slots) order.splice(place, 0, token);
    if (String(order) === String(before)) return "";
    this.response = order;
    return this.#where(token);
  }

  // Move a step of an ordering; returns what to announce, or "" when the move is impossible.
  move(token, direction) {
    const order = this.response;
    const place = order.indexOf(token);
    if (direction === "in" && place < 0 && order.length < this.slots) order.push(token);
    else if (direction === "out" && place >= 0) order.splice(place, 1);
    else if (direction === "up" && place > 0) swap(order, place, place - 1);
    else if (direction === "down" && place >= 0 && place < order.length - 1) swap(order, place, place + 1);
    else return "";
    this.response = order;
    return this.#where(token);
  }

  #where(token) {
    const place = this.response.indexOf(token);
    return place < 0 ? "Taken out" : `Step ${place + 1} of ${this.slots}`;
  }
}

// aria-disabled keeps the focus where it is; a disabled button would drop it.
function disable(button, disabled) {
  if (disabled) button.setAttribute("aria-disabled", "true");
  else button.removeAttribute("aria-disabled");
}

// A list may be too narrow for what was chosen from it; a long choice is repeated below in full.
function spellOut(select) {
  const text = select.value ? select.selectedOptions[0].text : "";
  const line = select.parentElement.querySelector("[data-given]");
  line.hidden = text.length <= SHORT;
  line.textContent = line.hidden ? "" : text;
}

function swap(list, one, other) {
  [list[one], list[other]] = [list[other], list[one]];
}
