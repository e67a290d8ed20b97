// On the instructions page: the service worker gets to work before the exam begins, so that it keeps the exam's page from
// its first moment. The page's modules and styles are in the browser's cache by then, too.

import { trusted } from "./sitting/shelf.js";

const { worker } = document.querySelector("[data-worker]").dataset;

if ("serviceWorker" in navigator) {
  navigator.serviceWorker.register(trusted(worker), { scope: "/sittings/", updateViaCache: "none" }).catch(() => {}); // forbidden
}
