// The countdown. It runs on the monotonic clock, so that neither a throttled timer nor a changed system time moves it,
// and every reply of the server corrects it. It decides nothing: the server ends the exam.

const THRESHOLDS = [30, 10, 5];
const MINUTE = 60_000;
const DRIFT = 400; // milliseconds of disagreement that are just the network
const SURE = 50; // milliseconds for rounding
const JUMP = 2_000; // the two clocks parted: the machine slept or its time was set

export class Clock {
  constructor({ element, remaining, paused = false, announce, onzero, onjump }) {
    Object.assign(this, { element, announce, onzero, onjump });
    this.time = element.querySelector("time");
    this.label = element.querySelector("small");
    this.over = false;
    this.paused = false;
    this.passed = new Set(THRESHOLDS.filter((minutes) => remaining <= minutes * MINUTE));
    this.offset = Date.now() - performance.now();
    this.#set(remaining, paused);
    this.tick = this.tick.bind(this);
    this.tick();
    setInterval(this.tick, 250);
  }

  #set(remaining, paused) {
    this.paused = paused;
    this.frozen = remaining;
    this.endsAt = performance.now() + remaining;
    this.overAt = this.endsAt;
  }

  get left() {
    return this.paused ? this.frozen : this.endsAt - performance.now();
  }

  // The server's remaining time is as old as half the round trip.
  correct(remaining, sent, received, paused) {
    const before = this.left;
    const endsAt = (sent + received) / 2 + remaining;
    if (paused || this.paused || Math.abs(endsAt - this.endsAt) > DRIFT) this.#set(endsAt - performance.now(), paused);
    if (paused) this.frozen = remaining;
    this.overAt = received + remaining; // never too early, however slow the way there was
    if (remaining > 0) this.over = false; // time was granted after all
    this.#forget();
    if (this.left - before > MINUTE / 2) this.announce(`The time has changed: ${this.spoken()}`);
    this.tick();
  }

  // What this page had before it was loaded again without a network; the wall clock tells how long ago that was.
  recall(left, paused) {
    this.#set(Math.min(left, this.left), paused);
    this.tick();
  }

  tick() {
    this.#sleep();
    const text = format(this.left);
    if (this.time.textContent !== text) {
      this.time.textContent = text;
      this.time.dateTime = `PT${Math.max(0, Math.ceil(this.left / 1000))}S`;
    }
    this.#threshold();
    // The end is asked for when the server, too, is sure that time is up, so that it ends as of the deadline.
    if (!this.paused && performance.now() >= this.overAt + SURE && !this.over) {
      this.over = true;
      this.onzero();
    }
  }

  // The wall clock ran ahead of the monotonic one: most likely the machine slept, and the exam went on. That is
  // believed until the server has been asked; a clock that was only set is put right by its reply.
  #sleep() {
    const offset = Date.now() - performance.now();
    const jump = offset - this.offset;
    if (Math.abs(jump) <= JUMP) return;
    this.offset = offset;
    if (jump > 0 && !this.paused) {
      this.endsAt -= jump;
      this.overAt -= jump;
    }
    this.onjump();
  }

  // More time than a threshold again, so that it will be announced again.
  #forget() {
    for (const minutes of this.passed) if (this.left > minutes * MINUTE) this.passed.delete(minutes);
  }

  #threshold() {
    const level = THRESHOLDS.findLast((minutes) => this.left <= minutes * MINUTE);
    const shown = level ? String(level) : undefined;
    if (this.element.dataset.level !== shown) {
      if (shown) this.element.dataset.level = shown;
      else delete this.element.dataset.level;
    }
    const label = this.paused ? "paused" : level ? `Under ${level} min` : "remaining";
    if (this.label.textContent !== label) this.label.textContent = label;
    if (level && !this.passed.has(level)) {
      this.passed.add(level);
      this.show(); // may be hidden, but not missed
      this.announce(`${level} minutes remaining`);
    }
  }

  show() {
    delete this.element.dataset.hidden;
    this.element.querySelector("button").setAttribute("aria-pressed", "false");
  }

  toggle() {
    const hidden = "hidden" in this.element.dataset;
    if (hidden) this.show();
    else {
      this.element.dataset.hidden = "";
      this.element.querySelector("button").setAttribute("aria-pressed", "true");
    }
  }

  spoken() {
    const minutes = Math.max(0, Math.ceil(this.left / MINUTE));
    const hours = Math.floor(minutes / 60);
    const rest = `${minutes % 60} minute${minutes % 60 === 1 ? "" : "s"}`;
    return `${hours ? `${hours} hour${hours === 1 ? "" : "s"} and ` : ""}${rest} remaining`;
  }
}

export function format(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  return [seconds / 3600, (seconds % 3600) / 60, seconds % 60]
    .map((part) => String(Math.floor(part)).padStart(2, "0"))
    .join(":");
}
