// What the header says about saving: the truth, in words and an icon. And the notices above the question.

export class Status {
  constructor({ element, notices, outbox }) {
    Object.assign(this, { element, notices, outbox });
    this.savedAt = "";
    outbox.onchange = () => this.state === "offline" && this.show("offline");
  }

  get state() {
    return this.element.dataset.state;
  }

  show(state) {
    const { kept: waiting } = this.outbox;
    const texts = {
      saving: "Saving …",
      saved: this.savedAt ? `Saved ${this.savedAt}` : "Ready",
      offline: waiting ? `Offline: ${waiting} answer${waiting === 1 ? " waits" : "s wait"}` : "Offline",
      "signed-out": "Signed out, not saved",
      paused: "Paused",
    };
    const icons = { "signed-out": "error", paused: "saved" };
    this.element.dataset.state = icons[state] ?? state;
    const text = this.element.querySelector("[data-text]");
    if (text.textContent !== texts[state]) text.textContent = texts[state];
    this.element.querySelector(".where").textContent = state === "offline" && waiting ? " on this device" : "";
    this.#notice("signed-out-notice", state === "signed-out");
  }

  saved(now) {
    this.savedAt = new Date(now).toLocaleTimeString([], { hourCycle: "h23" });
  }

  // Nothing can be kept on this device; nothing is lost as long as the page stays open.
  memoryOnly() {
    this.#notice("memory-notice", true);
  }

  #notice(id, shown) {
    const notice = this.notices.querySelector(`[data-notice=${id}]`);
    if (!shown) notice?.remove();
    else if (!notice) this.notices.append(cloned(id));
  }

  // One sentence that stays until the next one.
  say(sentence) {
    this.notices.querySelector("[data-notice=refused-notice]")?.remove();
    const notice = cloned("refused-notice");
    notice.querySelector("span").textContent = sentence;
    this.notices.append(notice);
  }
}

function cloned(id) {
  const notice = document.getElementById(id).content.firstElementChild.cloneNode(true);
  notice.dataset.notice = id;
  return notice;
}
