// Keys for the desk. Every page works without: links are links, verdicts are forms.
"use strict";

const lines = () => [...document.querySelectorAll("[data-line]")].filter((line) => line.offsetParent !== null);
const filter = document.querySelector(".filter input");
const form = document.getElementById("verdict");
const reason = form && form.elements.reason;
const keys = document.getElementById("keys");
const alertPage = document.querySelector(".alert[data-after]");
const PLACE = "place:" + location.pathname;
let chosen = null;

function choose(line) {
  if (!line) return;
  if (chosen) chosen.classList.remove("chosen");
  chosen = line;
  chosen.classList.add("chosen");
  const link = line.querySelector("a.open");
  if (link) {
    link.focus({ preventScroll: true });
    sessionStorage.setItem(PLACE, link.getAttribute("href"));
  }
  line.scrollIntoView({ block: "nearest" });
}

function step(by) {
  const all = lines();
  const at = all.indexOf(chosen);
  choose(at < 0 ? all[by > 0 ? 0 : all.length - 1] : all[Math.min(Math.max(at + by, 0), all.length - 1)]);
}

function go(address) {
  if (address) location.assign(address);
}

function decide(key) {
  if (form) {
    const choice = form.querySelector(`[data-key="${key}"]`);
    choice.checked = true;
    reason.focus();
    form.scrollIntoView({ block: "nearest" });
  } else if (chosen) {
    const link = chosen.querySelector("a.open");
    if (link) go(link.getAttribute("href") + "#" + key);
  }
}

function narrow() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let left = 0;
  for (const line of document.querySelectorAll("li[data-line]")) {
    const text = line.textContent.toLowerCase();
    const fits = words.every((word) => text.includes(word));
    line.hidden = !fits;
    left += fits ? 1 : 0;
  }
  for (const group of document.querySelectorAll(".group")) {
    group.hidden = !group.querySelector("li[data-line]:not([hidden])");
  }
  document.querySelector(".nothing").hidden = left > 0 || words.length === 0;
  if (chosen && chosen.offsetParent === null) chosen = null;
}

const PRESSED = {
  j: () => (alertPage ? go(alertPage.dataset.after) : step(1)),
  k: () => (alertPage ? go(alertPage.dataset.before) : step(-1)),
  b: () => decide("b"),
  m: () => decide("m"),
  u: () => decide("u"),
  q: () => go("/"),
  "/": () => filter && (filter.focus(), filter.select()),
  "?": () => (keys.open ? keys.close() : keys.showModal()),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const field = event.target.closest("textarea, input:not([type=radio])");
  if (field) {
    if (event.key === "Escape") field.blur();
    if (event.key === "Enter" && field === reason && !event.shiftKey) {
      event.preventDefault();
      form.requestSubmit();
    }
    // What the server left out can only be shown again by asking it.
    if (event.key === "Enter" && field === filter && !filter.defaultValue) {
      event.preventDefault();
      filter.blur();
      choose(lines().find((line) => line.matches("li")));
    }
    return;
  }
  const pressed = PRESSED[event.key];
  if (pressed && (!keys.open || event.key === "?")) {
    event.preventDefault();
    pressed();
  }
});

if (filter) filter.addEventListener("input", narrow);
const help = document.querySelector("a.keys");
if (help) {
  help.addEventListener("click", (event) => {
    event.preventDefault();
    keys.showModal();
  });
}
if (form) {
  // One verdict, however often somebody presses.
  form.addEventListener("submit", () => form.querySelector("button").setAttribute("disabled", ""));
  addEventListener("pageshow", () => form.querySelector("button").removeAttribute("disabled"));
  if (/^#[bmu]$/.test(location.hash)) decide(location.hash.slice(1));
} else {
  const place = sessionStorage.getItem(PLACE);
  const before = place && lines().find((line) => line.querySelector(`a.open[href="${CSS.escape(place)}"]`));
  if (before) choose(before);
}
