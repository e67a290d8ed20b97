// Which question is shown, and what the navigator, the review and the header say about all of them.

export class Board {
  constructor({ body, sheets, announce }) {
    Object.assign(this, { body, sheets, announce });
    this.current = sheets[0];
    this.shownAt = performance.now();
    this.links = byId(".nav-grid a[data-seat]");
    this.rows = new Map(); // of the review, once it has been looked at
    this.flag = document.getElementById("flag");
  }

  get reviewing() {
    return this.body.dataset.view === "review";
  }

  sheet(number) {
    return this.sheets[number - 1];
  }

  // Show a question, without a request. Focus goes to its heading on every move but the first.
  show(number, { focus = true } = {}) {
    const sheet = this.sheet(Math.min(Math.max(number, 1), this.sheets.length));
    this.#stopWatch();
    delete this.body.dataset.view;
    this.body.toggleAttribute("data-case", "scenarioFirst" in sheet.section.dataset);
    for (const other of this.sheets) other.section.toggleAttribute("data-current", other === sheet);
    this.current = sheet;
    this.shownAt = performance.now();
    for (const [seat, link] of this.links) {
      if (seat === sheet.number) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    this.#words(sheet);
    document.getElementById("navigator").hidePopover?.();
    if (focus) this.#toTop(sheet.heading);
    this.#shown();
  }

  #toTop(heading) {
    document.getElementById("main").scrollTop = 0;
    scrollTo(0, 0);
    heading.focus({ preventScroll: true });
  }

  #words(sheet) {
    const place = `Question ${sheet.number} of ${this.sheets.length}`;
    document.getElementById("place").textContent = place;
    document.title = document.title.replace(/^.*? · /, `${place} · `);
    history.replaceState(null, "", `#q${sheet.number}`);
    this.#link("previous", sheet.number - 1);
    this.#link("next", sheet.number + 1);
    document.getElementById("back-to-question").href = `#q${sheet.number}`;
    this.flag.setAttribute("aria-pressed", String(sheet.flagged));
  }

  // After the last question comes the review.
  #link(id, number) {
    const link = document.getElementById(id);
    const after = number > this.sheets.length;
    link.href = after ? "#review" : `#q${Math.max(number, 1)}`;
    if (id === "next") link.querySelector("span").textContent = after ? "Review" : "Next";
    if (number < 1) link.setAttribute("aria-disabled", "true");
    else link.removeAttribute("aria-disabled");
  }

  review() {
    if (!this.rows.size) this.#fillReview();
    this.#stopWatch();
    this.body.dataset.view = "review";
    document.getElementById("place").textContent = "Review";
    document.title = document.title.replace(/^.*? · /, "Review · ");
    history.replaceState(null, "", "#review");
    this.#toTop(document.getElementById("review-title"));
    this.#shown();
  }

  #fillReview() {
    const blank = document.getElementById("review-row").content.firstElementChild;
    for (const sheet of this.sheets) {
      const row = blank.cloneNode(true);
      const link = row.querySelector(".go");
      link.href = `#q${sheet.number}`;
      link.append(sheet.number);
      row.querySelector(".words").textContent = sheet.beginning;
      row.dataset.seat = sheet.number;
      this.rows.set(sheet.number, row);
      row.dataset.state = stateOf(sheet);
    }
    document.querySelector(".review-table tbody").append(...this.rows.values());
  }

  // For the tools: another question, or the review, is on the screen now.
  #shown() {
    this.body.dispatchEvent(new Event("questionshown"));
  }

  // Add the time since the question was shown to it.
  #stopWatch() {
    if (!this.reviewing) this.current.spent += Math.round(performance.now() - this.shownAt);
    this.shownAt = performance.now();
  }

  lap() {
    this.#stopWatch();
  }

  toggleFlag() {
    this.current.flagged = !this.current.flagged;
    this.announce(this.current.flagged ? "Flagged for review" : "Flag removed");
    this.mark(this.current);
  }

  // Bring every place that speaks about a question in step with it.
  mark(sheet) {
    const state = stateOf(sheet);
    if (sheet === this.current) this.flag.setAttribute("aria-pressed", String(sheet.flagged));
    const link = this.links.get(sheet.number);
    if (link.dataset.state !== state) {
      link.dataset.state = state;
      link.querySelector(".sr-only").textContent = `: ${state.replace(" ", ", ")}`;
    }
    const row = this.rows.get(sheet.number);
    if (row) row.dataset.state = state;
    this.count();
  }

  count() {
    const total = this.sheets.length;
    const answered = this.sheets.filter((sheet) => sheet.state === "answered").length;
    const flagged = this.sheets.filter((sheet) => sheet.flagged).length;
    document.getElementById("progress").value = answered;
    document.getElementById("answered-count").textContent = `${answered} of ${total} answered`;
    document.getElementById("review-summary").textContent = `${answered} of ${total} answered. Choose a question to go back to it.`;
    document.querySelector("[data-count-of=unanswered]").textContent = total - answered;
    document.querySelector("[data-count-of=flagged]").textContent = flagged;
    return { total, answered, flagged };
  }
}

const stateOf = (sheet) => (sheet.flagged ? `${sheet.state} flagged` : sheet.state);

function byId(selector) {
  return new Map([...document.querySelectorAll(selector)].map((element) => [Number(element.dataset.seat), element]));
}
