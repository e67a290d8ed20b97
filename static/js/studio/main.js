// The editor of the author studio. Without any of this the page is a plain form that saves by its buttons.

import { installParts } from "./parts.js";
import { installPreview } from "./preview.js";
import { Saver } from "./saver.js";

const form = document.getElementById("editor");
const announcer = document.getElementById("announcer");

// Likeness reads the whole bank: only when a stem has been saved that was not looked at yet.
let looked = form.elements.stem.value;
const saver = new Saver(form, {
  onsaved() {
    const stem = form.elements.stem.value;
    if (stem === looked) return;
    looked = stem;
    document.getElementById("likeness").dispatchEvent(new Event("likeness"));
  },
});

installParts(form, {
  announce: (words) => { announcer.textContent = words; },
  changed: () => form.dispatchEvent(new Event("input", { bubbles: true })),
});
installPreview(document.getElementById("screen"));

// What comes back is shown only if it is what was asked for: a sign-in page is not a preview.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, pathInfo } = event.detail;
  if (new URL(xhr.responseURL, location.href).pathname === new URL(pathInfo.requestPath, location.href).pathname) return;
  event.detail.shouldSwap = false;
  saver.signedOut();
});
// Signing in again in another tab changes the token.
document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb === "post") saver.freshen(event.detail.parameters);
});

// Who has decided to take the other wording is not asked again.
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-leave]")) saver.leave();
});
document.getElementById("h-clash")?.focus();
