// The end of the exam, by the candidate or by the clock, with or without a network.

export class Ending {
  constructor({ body, board, clock, outbox, before, announce, leave }) {
    Object.assign(this, { body, board, clock, outbox, before, announce, leave });
    this.questions = document.querySelector(".questions");
    this.dialog = document.getElementById("ended-dialog");
    this.text = document.getElementById("ended-text");
    this.sending = this.text.textContent;
    this.lost = 0; // answers that came too late
    this.dialog.addEventListener("cancel", (event) => event.preventDefault());
  }

  // Ask once, saying what is unanswered.
  confirm() {
    const { total, answered, flagged } = this.board.count();
    const open = total - answered;
    document.getElementById("end-unanswered").textContent = open
      ? `${open} of ${total} questions ${open === 1 ? "is" : "are"} unanswered. Unanswered questions count as wrong.`
      : `All ${total} questions are answered.`;
    document.getElementById("end-flagged").textContent = flagged
      ? `${flagged} question${flagged === 1 ? " is" : "s are"} flagged for review.`
      : "";
    document.getElementById("end-dialog").showModal();
  }

  // From here there is no way back for the candidate: the request may have arrived although its answer did not.
  shut() {
    this.questions.inert = true;
    for (const open of document.querySelectorAll("dialog[open]")) open !== this.dialog && open.close();
    if (!this.dialog.open) this.dialog.showModal();
    this.wait();
  }

  // The clock had run out here, and the server says that there is time left.
  goOn() {
    if (!this.dialog.open) return;
    this.dialog.close();
    this.questions.inert = false;
    this.announce(`The exam goes on: ${this.clock.spoken()}`);
  }

  // While it cannot be handed in: what waits, and how long it may.
  wait(offline = false) {
    if (this.lost || !this.dialog.open) return;
    const { waiting } = this.outbox;
    const answers = waiting ? `${waiting} answer${waiting === 1 ? "" : "s"} and the end of the exam wait` : "The end of the exam waits";
    this.text.textContent = offline
      ? `You are offline. ${answers} on this device. Keep it on: everything is handed in as soon as the network is back.`
      : this.sending;
  }

  tooLate(count) {
    this.lost += count;
    this.text.textContent = `${this.lost} answer${this.lost === 1 ? "" : "s"} came too late to count. Everything saved before is in.`;
  }

  // Nobody is led away from a sentence that they have not read.
  async finished() {
    await this.leave();
    if (!this.lost) location.assign(this.body.dataset.resultUrl);
    else if (!this.dialog.open) this.dialog.showModal();
  }
}
