// What the rider has done and the server has not heard of yet, kept on the phone until it has: `riderQueue`.
// Each entry has a key of its own, under which the server takes it once, however often it is sent.
(() => {
  const STORE = "steps";
  const opened = new Promise((resolve, reject) => {
    const asked = indexedDB.open("wasl-rider", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "number", autoIncrement: true });
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  opened.catch(() => {}); // said where it matters: when something is to be kept

  async function within(mode, work) {
    const database = await opened;
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = work(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  }

  async function all(rider) {
    const entries = await within("readonly", (store) => store.getAll());
    return entries.filter((entry) => entry.rider === rider);
  }

  function body(entry) {
    const form = new FormData();
    for (const [name, value] of entry.fields) {
      if (value instanceof Blob) form.append(name, value, name);
      else form.append(name, value);
    }
    return form;
  }

  // One after the other, the oldest first. "sent", "waiting" (no line, or the server is busy) or "dead" (the link).
  async function send(rider, path, told) {
    for (const entry of await all(rider)) {
      let response;
      try {
        response = await fetch(`${path}tasks/${entry.task}`, {
          method: "POST",
          body: body(entry),
          headers: { Accept: "application/json" },
          signal: AbortSignal.timeout(60_000),
        });
      } catch {
        return "waiting";
      }
      if (response.status >= 500 || response.status === 429) return "waiting";
      const answer = await response.json().catch(() => null);
      if (answer === null) return response.status === 404 ? "dead" : "waiting";
      await within("readwrite", (store) => store.delete(entry.number));
      if (!answer.taken) told(answer.notice);
    }
    return "sent";
  }

  window.riderQueue = {
    add: (entry) => within("readwrite", (store) => store.add(entry)),
    all,
    // Of several open pages, one sends.
    send: (...args) => (navigator.locks ? navigator.locks.request("wasl-rider", () => send(...args)) : send(...args)),
  };
})();
