// Saves the draft by itself: two seconds after the last key, when a field is left, and when the page is hidden. What it
// says is what the server said; as long as anything is not saved, leaving the page asks first.

const PAUSE = 2_000;
const AGAIN = 10_000; // after a failure that may pass
const TIMEOUT = 15_000;
const OUTLIVES = 60_000; // characters that a browser still sends after its page has gone

export class Saver {
  #timer = 0;
  #saving = null; // the request that is under way
  #leaving = false;

  constructor(form, { onsaved }) {
    Object.assign(this, { form, onsaved });
    this.status = document.getElementById("save-status");
    this.notices = document.getElementById("notices");
    this.stale = "stale" in form.dataset; // until both wordings have been looked at, nothing is saved by itself
    this.saved = this.#content(); // what stands in the bank
    if ("unsaved" in form.dataset) this.saved = null;
    else this.#say("idle", "No changes yet");
    form.addEventListener("input", () => this.#wait());
    form.addEventListener("change", () => this.#wait());
    form.addEventListener("focusout", () => this.dirty && this.save());
    form.addEventListener("submit", (event) => this.#submit(event));
    addEventListener("beforeunload", (event) => {
      if (this.dirty && !this.#leaving) event.preventDefault();
    });
    addEventListener("pageshow", () => { this.#leaving = false; });
    document.addEventListener("visibilitychange", () => this.dirty && this.save());
    addEventListener("focus", () => this.dirty && this.save()); // back from signing in
    addEventListener("online", () => this.dirty && this.save());
  }

  get dirty() {
    return this.#content() !== this.saved;
  }

  leave() {
    this.#leaving = true;
  }

  // The token as it is now, into whatever is about to be sent.
  freshen(data) {
    const token = csrfToken();
    if (token) data.set("csrfmiddlewaretoken", token);
    return data;
  }

  signedOut() {
    this.#say("error", "Not saved: you are signed out");
    this.#notice("signed-out-notice");
  }

  save() {
    clearTimeout(this.#timer);
    if (this.stale || this.#leaving) return Promise.resolve();
    this.#saving ??= this.#send().finally(() => {
      this.#saving = null;
    });
    return this.#saving;
  }

  #wait() {
    clearTimeout(this.#timer);
    if (!this.dirty) {
      if (!this.#saving) this.#say("idle", "Nothing to save");
      return;
    }
    if (this.stale) return;
    if (this.status.dataset.state !== "error") this.#say("saving", "Not saved yet");
    this.#timer = setTimeout(() => this.save(), PAUSE);
  }

  async #send() {
    const content = this.#content();
    if (content === this.saved) return;
    this.#say("saving", "Saving…");
    const body = new URLSearchParams(this.freshen(new FormData(this.form)));
    let response;
    let reply = {};
    try {
      response = await fetch(this.form.dataset.save, {
        method: "POST", body, redirect: "manual", credentials: "same-origin",
        signal: AbortSignal.timeout(TIMEOUT), keepalive: String(body).length < OUTLIVES,
      });
      if (response.headers.get("content-type")?.startsWith("application/json")) reply = await response.json();
    } catch {
      return this.#later("offline", "Not saved: no connection");
    }
    if (response.ok && reply.version) return this.#took(content, reply);
    if (reply.stale) return this.#clash(reply.message);
    if (response.status === 422) return this.#say("error", `Not saved: ${reply.message}`);
    if (response.type === "opaqueredirect" || response.status === 401 || response.status === 403) return this.signedOut();
    if (response.status === 404) {
      this.#say("error", "Not saved: this draft is gone");
      return this.#notice("gone-notice");
    }
    return this.#later("error", "Not saved: the server has a problem");
  }

  #took(content, { version, saved }) {
    this.form.elements.version.value = version;
    this.saved = content;
    this.notices.replaceChildren();
    if (this.dirty) this.#wait(); // written on in the meantime
    else this.#say("saved", `Saved ${saved}`);
    this.onsaved();
  }

  #clash(message) {
    this.stale = true;
    this.#say("error", "Not saved: somebody else has saved");
    this.#notice("stale-notice").querySelector("[data-text]").textContent = message;
  }

  #later(state, words) {
    this.#say(state, words);
    this.#timer = setTimeout(() => this.save(), AGAIN);
  }

  // A button of the form: the page is left, and what is under way ends first, or the form would clash with itself.
  async #submit(event) {
    const enter = event.submitter?.getAttribute("aria-hidden") === "true";
    if (enter) {
      event.preventDefault();
      return this.save();
    }
    clearTimeout(this.#timer);
    if (this.#saving) {
      event.preventDefault();
      await this.#saving;
      this.form.requestSubmit(event.submitter);
      return;
    }
    this.freshen({ set: (name, value) => { this.form.elements[name].value = value; } });
    this.#leaving = true;
  }

  #content() {
    const data = new FormData(this.form);
    for (const name of ["csrfmiddlewaretoken", "version", "over", "theirs"]) data.delete(name);
    return String(new URLSearchParams(data));
  }

  #say(state, words) {
    this.status.dataset.state = state;
    this.status.querySelector("[data-text]").textContent = words;
  }

  #notice(id) {
    if (this.notices.dataset.shows !== id || !this.notices.firstElementChild) {
      this.notices.replaceChildren(document.getElementById(id).content.cloneNode(true));
      this.notices.dataset.shows = id;
    }
    return this.notices.firstElementChild;
  }
}

function csrfToken() {
  const name = document.cookie.split("; ").find((cookie) => /^(__Host-|__Secure-)?csrftoken=/.test(cookie));
  return name ? decodeURIComponent(name.slice(name.indexOf("=") + 1)) : "";
}
