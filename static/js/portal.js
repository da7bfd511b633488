// Conveniences only: every page works without this file.

// The light or dark switch.
for (const button of document.querySelectorAll("[data-theme-switch]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try {
      localStorage.setItem("theme", root.dataset.theme);
    } catch {
      // The choice then lasts until the next page.
    }
  });
}

// A menu closes when one clicks elsewhere or presses Escape.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// Copy buttons; a browser gives the clipboard to pages from https or this very machine only.
for (const button of navigator.clipboard ? document.querySelectorAll("[data-copy]") : []) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.querySelector("span").textContent = button.dataset.copied;
  });
}

// A page that must not be loaded again stands under another address.
for (const part of document.querySelectorAll("[data-address]")) history.replaceState(null, "", part.dataset.address);

// A field that is filled in by another's choice, as long as nobody has written something else into it.
for (const field of document.querySelectorAll("[data-prefill]")) {
  const choice = field.form.elements[field.dataset.prefill];
  const offered = (value) => field.getAttribute(`data-prefill-${value}`) ?? "";
  let last = offered(choice.value);
  choice.addEventListener("change", () => {
    if (field.value === last) field.value = offered(choice.value);
    last = offered(choice.value);
  });
}

// A form is sent once, however often one clicks.
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "1";
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// Further rows of a formset, from its <template>.
for (const button of document.querySelectorAll("[data-add-row]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const rows = document.getElementById(button.dataset.addRow);
    const total = document.querySelector(`[name="${button.dataset.prefix}-TOTAL_FORMS"]`);
    const template = document.getElementById(`${button.dataset.addRow}-template`);
    const holder = document.createElement("template");
    holder.innerHTML = template.innerHTML.replaceAll("__prefix__", total.value);
    total.value = Number(total.value) + 1;
    const row = holder.content.firstElementChild;
    rows.append(row);
    row.querySelector("input")?.focus();
  });
}

// Live parts: do not swap under somebody who is typing in them, and keep opened <details> open.
let opened = [];
document.addEventListener("htmx:beforeSwap", (event) => {
  const part = event.detail.target;
  const active = document.activeElement;
  const writing = active.matches("input, textarea, select") || active.closest(".rider-choice");
  if (part.contains(active) && writing) event.detail.shouldSwap = false;
  opened = [...part.querySelectorAll("details[id][open]")].map((one) => one.id);
});
document.addEventListener("htmx:afterSwap", () => {
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
});
