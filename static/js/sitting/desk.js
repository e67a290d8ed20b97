// What the page showed, kept on this device, so that it looks the same when it is loaded again without a network. With
// a network the server's word counts, and of this only what has not reached it yet.

export class Desk {
  constructor({ store, sitting, person, until, rendered, sheets, pad, clock, where }) {
    Object.assign(this, { store, sitting, person, until, rendered, sheets, pad, clock, where });
    this.waiting = false;
  }

  // Soon, and once for many changes.
  keep() {
    if (this.waiting) return;
    this.waiting = true;
    setTimeout(() => {
      this.waiting = false;
      this.store.keepDesk(this.#content());
    }, 100);
  }

  #content() {
    const { sitting, person, until, rendered, clock } = this;
    return {
      sitting,
      person,
      until,
      rendered,
      at: this.where(),
      left: clock.left,
      paused: clock.paused,
      wall: Date.now(),
      pad: { version: this.pad.version, text: this.pad.text },
      seats: this.sheets.map((sheet) => ({ ...sheet.snapshot(), version: sheet.version, spent: sheet.spent, standing: sheet.standing })),
    };
  }

  // The page as it was left, if this is a copy that the browser had kept. Returns where the candidate was.
  async recall() {
    const kept = await this.store.desk(this.sitting);
    if (!kept?.rendered.includes(this.rendered[0])) return 0;
    this.rendered = kept.rendered;
    this.clock.recall(kept.paused ? kept.left : kept.left - Math.max(Date.now() - kept.wall, 0), kept.paused);
    kept.seats.forEach((seat, place) => {
      const sheet = this.sheets[place];
      sheet.version = seat.version;
      sheet.standing = seat.standing;
      sheet.spent = seat.spent;
      sheet.restore(seat);
    });
    this.pad.version = kept.pad.version;
    this.pad.text = kept.pad.text;
    return kept.at;
  }
}
