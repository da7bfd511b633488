// The last page that the rider saw, for when there is no line. Steps wait in the page's own queue, not here.
const KEPT = "rider-1";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => {
  const others = caches.keys().then((names) => Promise.all(names.filter((n) => n !== KEPT).map((n) => caches.delete(n))));
  event.waitUntil(others.then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (/^\/ride\/[^/]+\/$/.test(url.pathname)) event.respondWith(page(request, url.origin + url.pathname));
  else if (url.pathname.startsWith("/static/")) event.respondWith(file(request));
});

// The server's, else the last one. A link that does not work any more leaves nothing behind.
async function page(request, name) {
  const kept = await caches.open(KEPT);
  try {
    const response = await fetch(request);
    if (response.ok && !response.redirected) await kept.put(name, response.clone());
    else if (response.status === 404) await kept.delete(name);
    return response;
  } catch (error) {
    const last = await kept.match(name, { ignoreVary: true });
    if (last) return last;
    throw error;
  }
}

async function file(request) {
  const kept = await caches.open(KEPT);
  try {
    const response = await fetch(request);
    if (response.ok) await kept.put(request, response.clone());
    return response;
  } catch (error) {
    const last = await kept.match(request, { ignoreVary: true });
    if (last) return last;
    throw error;
  }
}
