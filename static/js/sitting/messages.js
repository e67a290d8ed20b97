// Messages from staff. Each stands above the question until the candidate puts it away, and again after a reload. Of
// those that were put away this tab remembers the numbers, and nothing else.

export class Messages {
  constructor({ element, sitting, after }) {
    Object.assign(this, { element, after });
    this.key = `cutscore:messages:${sitting}`;
    this.shown = 0; // number of the latest
    this.away = this.#recall();
  }

  // Whether there are some that this page has not seen.
  lacks(count) {
    return count > this.shown;
  }

  show(messages) {
    for (const [number, at, text] of messages) {
      if (!this.lacks(number)) continue;
      this.shown = number;
      if (!this.away.includes(number)) this.#add(number, new Date(at), text);
    }
  }

  #add(number, at, text) {
    const note = document.getElementById("message-notice").content.firstElementChild.cloneNode(true);
    const button = note.querySelector("button");
    button.addEventListener("click", () => {
      this.away.push(number);
      this.#keep();
      note.remove();
      this.after();
    });
    this.element.prepend(note); // the latest first
    // Filled a moment later: only what changes while it is there is read out.
    requestAnimationFrame(() => {
      const time = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
      note.querySelector("[data-title]").textContent = `Message from your instructor, ${time}`;
      note.querySelector(".said").textContent = text;
      button.hidden = false;
    });
  }

  #recall() {
    try {
      return JSON.parse(sessionStorage.getItem(this.key)) ?? [];
    } catch {
      return []; // storage is forbidden: then it is shown again after a reload
    }
  }

  #keep() {
    try {
      sessionStorage.setItem(this.key, JSON.stringify(this.away));
    } catch {
      // as above
    }
  }
}
