// Keeps the open sitting's page and what it loads in the browser's cache, so that the service worker can bring it back
// without a network. Named after person and sitting; emptied when the sitting closes (and by forget.js on sign-out).

const PREFIX = "cutscore:";

export class Shelf {
  constructor({ person, sitting, until, worker }) {
    this.name = `${PREFIX}${person}:${sitting}:${until}`;
    this.worker = worker;
  }

  // Returns when the copy on the shelf was rendered, if that is another one than the page itself.
  async fill() {
    if (!("serviceWorker" in navigator) || !("caches" in window)) return undefined; // no TLS, or forbidden
    try {
      const scope = new URL("/sittings/", location.href).pathname;
      await navigator.serviceWorker.register(trusted(this.worker), { scope, updateViaCache: "none" });
      const shelf = await caches.open(this.name);
      await shelf.addAll([...loaded()]);
      await Promise.allSettled([...pictures()].map((url) => shelf.add(url))); // one that is gone spoils nothing else
      // The worker has put the page here itself if it was at work when the page was asked for.
      if (await shelf.match(location.pathname, { ignoreVary: true })) return undefined;
      const copy = await fetch(location.pathname);
      if (copy.ok) await shelf.put(location.pathname, copy.clone());
      return copy.headers.get("Cutscore-Rendered");
    } catch {
      // Storage forbidden or full: the page then needs the network when it is loaded again; the answers do not.
    }
    return undefined;
  }

  async clear() {
    try {
      await caches.delete(this.name);
    } catch {
      // Then nothing was kept either.
    }
  }
}

// Every file of ours that this page has fetched.
function loaded() {
  const ours = performance.getEntriesByType("resource").map((entry) => entry.name.split("#")[0]);
  return new Set(ours.filter((url) => url.startsWith(`${location.origin}/static/`)));
}

// The images of all questions, also of those that have not been shown yet.
function pictures() {
  return new Set([...document.querySelectorAll("img.picture")].map((image) => image.src));
}

// Our pages enforce Trusted Types, and a worker's address is one of the things that must be trusted.
export function trusted(url) {
  if (!window.trustedTypes) return url;
  const policy = trustedTypes.createPolicy("cutscore-worker", { createScriptURL: (asked) => (asked === url ? asked : "") });
  return policy.createScriptURL(url);
}
