// An answer of an older window met a newer one. Both are shown, in this window, and the candidate chooses. Whatever is
// chosen becomes a change of its own that names what it settles, so that it, too, survives a lost network.

export class Conflicts {
  constructor({ dialog, notice, board, pad, settle, announce }) {
    Object.assign(this, { dialog, notice, board, pad, settle, announce });
    this.seats = new Map(); // by seat: what waits for a choice
    this.button = notice.querySelector("button");
    this.button.addEventListener("click", () => this.#ask());
    dialog.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#choose();
    });
  }

  get size() {
    return [...this.seats.values()].flat().length;
  }

  // What the server keeps for us to choose from; what this window has settled in the meantime is left out.
  show(kept, settled) {
    const gone = new Set(settled.map(String));
    this.seats = new Map();
    for (const change of kept) {
      if (gone.has(String([change.claim, change.sequence]))) continue;
      this.seats.set(change.seat, [...(this.seats.get(change.seat) ?? []), change]);
    }
    this.#count();
  }

  #count() {
    const { size } = this.seats;
    const sentence =
      size === 1 ? "One answer differs from what another window sent." : `${size} answers differ from what another window sent.`;
    if (size && this.notice.hidden) this.announce(sentence);
    this.notice.hidden = !size;
    this.notice.querySelector("[data-text]").textContent = sentence;
    if (!size && this.dialog.open) this.dialog.close();
  }

  #ask() {
    const [seat, changes] = this.seats.entries().next().value;
    this.asked = seat;
    const sheet = seat ? this.board.sheet(seat) : null;
    this.dialog.querySelector("h2").textContent = seat ? `Question ${seat}: which answer counts?` : "Which notes do you keep?";
    const list = this.dialog.querySelector("[data-choices]");
    const standing = sheet ? sheet.response : this.pad.text;
    const offered = [standing, ...changes.map((change) => (sheet ? change.response : change.text))];
    const distinct = new Map(offered.map((given, place) => [String(given), { given, place }]).reverse());
    this.offered = [...distinct.values()].sort((one, other) => one.place - other.place);
    list.replaceChildren(...this.offered.map(({ given, place }, index) => this.#choice(sheet, given, place, index)));
    if (!this.dialog.open) this.dialog.showModal();
    list.querySelector("input").focus();
  }

  #choice(sheet, given, place, index) {
    const choice = this.dialog.querySelector("template").content.firstElementChild.cloneNode(true);
    const input = choice.querySelector("input");
    input.value = String(index);
    input.checked = index === 0;
    choice.querySelector("b").textContent = place ? "From the other window" : "In this exam now";
    const lines = sheet ? sheet.describe(given) : given.split("\n");
    const words = lines.map((line) => {
      const paragraph = document.createElement("span");
      paragraph.textContent = line;
      return paragraph;
    });
    choice.querySelector("[data-words]").append(...words);
    return choice;
  }

  #choose() {
    const chosen = this.offered[Number(new FormData(this.dialog.querySelector("form")).get("choice"))];
    const settles = this.seats.get(this.asked).map((change) => [change.claim, change.sequence]);
    this.seats.delete(this.asked);
    this.settle(this.asked, chosen.given, settles);
    this.#count();
    if (this.seats.size) this.#ask();
  }
}
