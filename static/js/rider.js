// The rider's page with JavaScript: nothing that is done gets lost without a line, and the page follows by itself.
const page = document.body.dataset;
const line = document.getElementById("line");
const notice = document.getElementById("notice");
const tasks = document.getElementById("tasks");
const PHOTO_SIDE = 1280;
const LOOK_AGAIN = 20_000;
let wait = 2_000;
let timer = null;
let place = null;

const icon = (name) => `<svg class="icon" aria-hidden="true"><use href="${page.icons}#${name}"></use></svg>`;

function tell(text) {
  notice.textContent = text;
  notice.hidden = !text;
}

// --- What waits ---------------------------------------------------------------------------------------------------
async function showQueue() {
  const waiting = await riderQueue.all(page.rider).catch(() => []);
  const texts = [];
  if (!navigator.onLine) texts.push(page.offline);
  if (waiting.length) texts.push(`${page.waiting} ${waiting.length}`);
  line.innerHTML = texts.length ? icon("clock") : "";
  line.append(texts.join(" "));
  line.hidden = !texts.length;
  for (const card of tasks.querySelectorAll(".task")) {
    const last = waiting.filter((entry) => String(entry.task) === card.dataset.task).at(-1);
    card.querySelector(".task-waiting").hidden = !last;
    if (last) showState(card, last.to, last.label);
  }
  return waiting.length;
}

// The card as it will be once the step has been heard of.
function showState(card, state, label) {
  if (card.dataset.state === state) return;
  card.dataset.state = state;
  card.querySelector(".task-state").textContent = label;
  for (const step of card.querySelectorAll(".task-step")) {
    step.hidden = !step.dataset.after.split(" ").includes(state);
    if (step.hidden) step.querySelector("details")?.removeAttribute("open");
  }
}

async function flush() {
  clearTimeout(timer);
  const before = await riderQueue.all(page.rider).catch(() => []);
  const outcome = before.length ? await riderQueue.send(page.rider, page.path, tell).catch(() => "waiting") : "sent";
  if (outcome === "dead") tell(page.dead);
  if (outcome === "waiting") {
    timer = setTimeout(flush, wait);
    wait = Math.min(wait * 2, 60_000);
  } else {
    wait = 2_000;
    if (before.length) await refresh();
  }
  await showQueue();
}

// --- Looking again ------------------------------------------------------------------------------------------------
// A card in which somebody is writing stays, unless its task has gone on elsewhere.
async function refresh() {
  let response;
  try {
    response = await fetch(page.path, { headers: { Accept: "text/html" } });
  } catch {
    return;
  }
  if (response.status === 404) tell(page.dead);
  if (!response.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("tasks");
  if (!fresh) return;
  const held = new Set();
  const next = [];
  for (const card of [...fresh.children]) {
    const old = card.id && document.getElementById(card.id);
    const busy = old && (old.querySelector("details[open]") || old.contains(document.activeElement));
    const stays = busy && old.dataset.state === card.dataset.state;
    if (stays) held.add(old);
    else prepare(card);
    next.push(stays ? old : card);
  }
  // One that is held is not moved: it would lose the keyboard, or a line that is being drawn.
  for (const one of [...tasks.children]) if (!held.has(one)) one.remove();
  let before = null;
  for (const card of next.reverse()) {
    if (!held.has(card)) tasks.insertBefore(card, before);
    before = card;
  }
  await showQueue();
}

// --- Taking a step ------------------------------------------------------------------------------------------------
// Smaller before it is kept or sent: a line that is just back is a thin one.
async function smaller(file) {
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, PHOTO_SIDE / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const made = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
    return made ?? file;
  } catch {
    return file; // the server will say whether it is a picture
  }
}

async function collect(form) {
  const fields = [];
  for (const [name, value] of new FormData(form)) {
    if (!(value instanceof File)) fields.push([name, value]);
    else if (value.size) fields.push([name, await smaller(value)]);
  }
  const signature = await riderSignature.read(form);
  if (signature) fields.push(["signature", signature]);
  fields.push(["at", String(Date.now())]);
  if (place && Date.now() - place.at < 300_000) fields.push(["lat", String(place.lat)], ["lng", String(place.lng)]);
  return fields;
}

tasks.addEventListener("submit", async (event) => {
  const form = event.target;
  event.preventDefault();
  if (form.dataset.busy) return;
  form.dataset.busy = "1";
  tell("");
  try {
    if (!(await keep(form))) return;
  } catch {
    // Nothing can be kept here (a private window, a full phone): then as without JavaScript, while there is a line.
    if (navigator.onLine) form.submit();
    else tell(page.full);
    return;
  } finally {
    delete form.dataset.busy;
  }
  await showQueue();
  await flush();
});

// False when something is missing.
async function keep(form) {
  const fields = await collect(form);
  const given = new Set(fields.filter(([, value]) => value instanceof Blob || value.trim()).map(([name]) => name));
  if (form.dataset.to === "delivered" && !["photo", "signature", "recipient_name"].some((name) => given.has(name))) {
    tell(page.proof);
    return false;
  }
  const { task } = form.closest(".task").dataset;
  await riderQueue.add({ rider: page.rider, task, to: form.dataset.to, label: form.dataset.label, fields });
  // The same form may be wanted again after a failed try: that is another step.
  form.elements.key.value = newKey();
  return true;
}

// crypto.randomUUID is there on https only.
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function prepare(part) {
  for (const field of part.querySelectorAll(".signature")) riderSignature.start(field);
}

// --- Where the rider is, if the rider wants -------------------------------------------------------------------------
const placeSwitch = document.getElementById("place-switch");
let placeTimer = null;

function sharing(on) {
  placeSwitch.setAttribute("aria-pressed", String(on));
  try {
    localStorage.setItem("rider-place", on ? "on" : "off");
  } catch {
    // Then it is asked for anew the next time.
  }
  clearInterval(placeTimer);
  place = null;
  if (!on) return;
  tellPlace();
  placeTimer = setInterval(tellPlace, 60_000);
}

function tellPlace() {
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      place = { lat: coords.latitude, lng: coords.longitude, at: Date.now() };
      const body = new URLSearchParams({ lat: String(place.lat), lng: String(place.lng) });
      fetch(`${page.path}place`, { method: "POST", body }).catch(() => {});
    },
    (error) => {
      if (error.code !== error.PERMISSION_DENIED) return;
      sharing(false);
      tell(page.refused);
    },
    { enableHighAccuracy: true, timeout: 20_000, maximumAge: 30_000 },
  );
}

if ("geolocation" in navigator && window.isSecureContext) {
  placeSwitch.hidden = document.getElementById("place-help").hidden = false;
  placeSwitch.addEventListener("click", () => sharing(placeSwitch.getAttribute("aria-pressed") !== "true"));
  try {
    if (localStorage.getItem("rider-place") === "on") sharing(true);
  } catch {
    // Storage may be blocked.
  }
}

// --- Without a line -------------------------------------------------------------------------------------------------
async function keepPage() {
  await navigator.serviceWorker.register(page.worker, { scope: "/ride/" });
  await navigator.serviceWorker.ready;
  const kept = await caches.open("rider-1");
  const parts = [...document.querySelectorAll("link[rel=stylesheet], link[rel=icon], script[src]")];
  const files = parts.map((one) => one.href || one.src);
  await kept.addAll([page.path, page.icons, ...files]);
  document.body.dataset.kept = "1";
}

if ("serviceWorker" in navigator) keepPage().catch(() => {});
addEventListener("online", flush);
addEventListener("offline", showQueue);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) flush().then(refresh);
});
setInterval(() => {
  if (!document.hidden && navigator.onLine) refresh();
}, LOOK_AGAIN);
prepare(document);
flush();
