// The countdown. It runs on the monotonic clock, so neither sleep nor a changed system time moves it for long, and
// every reply of the server corrects it. It decides nothing: the server ends the exam.

const THRESHOLDS = [30, 10, 5];
const MINUTE = 60_000;
const DRIFT = 400; // milliseconds of disagreement that are just the network
const SURE = 50; // milliseconds for rounding
const JUMP = 2_000; // the two clocks parted: the machine slept or its time was set

export class Clock {
  constructor({ element, remaining, announce, onzero, onjump }) {
    Object.assign(this, { element, announce, onzero, onjump });
    this.time = element.querySelector("time");
    this.label = element.querySelector("small");
    this.endsAt = performance.now() + remaining;
    this.overAt = this.endsAt;
    this.passed = new Set(THRESHOLDS.filter((minutes) => remaining <= minutes * MINUTE));
    this.offset = Date.now() - performance.now();
    this.tick = this.tick.bind(this);
    this.tick();
    setInterval(this.tick, 250);
  }

  get left() {
    return this.endsAt - performance.now();
  }

  // The server's remaining time is as old as half the round trip.
  correct(remaining, sent, received) {
    const endsAt = (sent + received) / 2 + remaining;
    if (Math.abs(endsAt - this.endsAt) > DRIFT) this.endsAt = endsAt;
    this.overAt = received + remaining; // never too early, however slow the way there was
    this.tick();
  }

  tick() {
    const offset = Date.now() - performance.now();
    if (Math.abs(offset - this.offset) > JUMP) {
      this.offset = offset;
      this.onjump();
    }
    const text = format(this.left);
    if (this.time.textContent !== text) {
      this.time.textContent = text;
      this.time.dateTime = `PT${Math.max(0, Math.ceil(this.left / 1000))}S`;
    }
    this.#threshold();
    // The end is asked for when the server, too, is sure that time is up, so that it ends as of the deadline.
    if (performance.now() >= this.overAt + SURE && !this.over) {
      this.over = true;
      this.onzero();
    }
  }

  #threshold() {
    const level = THRESHOLDS.findLast((minutes) => this.left <= minutes * MINUTE);
    const shown = level ? String(level) : undefined;
    if (this.element.dataset.level !== shown) {
      if (shown) this.element.dataset.level = shown;
      else delete this.element.dataset.level;
      this.label.textContent = level ? `Under ${level} min` : "remaining";
    }
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
