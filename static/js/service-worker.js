// Brings an open sitting's page back when it is loaded again without a network. It keeps nothing else: the page names
// the shelf it belongs on, and shelves are emptied when the sitting closes, on sign-out, and when their time is over.

const PREFIX = "cutscore:";
const HEADER = "Cutscore-Shelf";
const PATIENCE = 5_000; // milliseconds; then a kept page is better than none

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (request.mode === "navigate" && /^\/sittings\/[0-9a-f-]{36}\/$/.test(pathname)) event.respondWith(page(event));
  else if (/^\/(static|images)\//.test(pathname)) event.respondWith(asset(request));
});

async function page(event) {
  const kept = await find(event.request);
  const asked = ask(event);
  if (!kept) return asked;
  const late = new Promise((resolve) => {
    setTimeout(resolve, PATIENCE, kept);
  });
  return Promise.race([asked.then((response) => (response.status < 500 ? response : kept), () => kept), late]);
}

async function ask(event) {
  const response = await fetch(event.request);
  const name = response.headers.get(HEADER);
  if (response.ok && name?.startsWith(PREFIX)) event.waitUntil(keep(name, event.request.url, response.clone()));
  return response;
}

async function keep(name, url, response) {
  const shelf = await caches.open(name);
  await shelf.put(url.split("#")[0], response);
}

// A kept page whose sitting must be over by now is thrown away instead.
async function find(request) {
  for (const name of await caches.keys()) {
    if (!name.startsWith(PREFIX)) continue;
    const shelf = await caches.open(name);
    const response = await shelf.match(request, { ignoreVary: true });
    if (response && Date.now() < Number(name.split(":").at(-1))) return response;
    if (response) await caches.delete(name);
  }
  return undefined;
}

// Files under /static/ and /images/ carry their content's hash in their names, so that a kept one is as good as a new one.
async function asset(request) {
  return (await caches.match(request, { ignoreVary: true })) ?? fetch(request);
}
