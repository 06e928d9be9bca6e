"use strict";
(() => {
  const EVERY = 1500;
  const words = document.getElementById("words-of-page").dataset;
  const bar = document.getElementById("bar");
  const typing = "input:not([type=hidden]), textarea, select, [contenteditable]";
  // What was filled in and could not be written is nowhere but here.
  let before = document.querySelector("main").dataset.unsaved === undefined ? filled() : null;

  function form() {
    return document.getElementById("fields");
  }

  // What is filled in, as it would be sent.
  function filled() {
    const found = form();
    return found ? new URLSearchParams(new FormData(found)).toString() : "";
  }

  // Nothing else needs to be kept while the page brings itself up to date.
  function dirty() {
    const wish = document.getElementById("words");
    return filled() !== before || (wish !== null && wish.value !== wish.defaultValue);
  }

  function say(text, link) {
    bar.replaceChildren(text);
    if (link) {
      const onward = Object.assign(document.createElement("a"), { href: document.querySelector("main").dataset.self, textContent: link });
      bar.append(" ", onward);
    }
    bar.hidden = !text;
  }

  async function look() {
    const main = document.querySelector("main");
    try {
      const answer = await fetch(main.dataset.pulse, { cache: "no-store" });
      if (!answer.ok) {
        say(words.ended);
        return;
      }
      const { version } = await answer.json();
      if (version === main.dataset.version) {
        if (bar.textContent === words.ended) say("");
      } else if (dirty()) {
        say(words.changed, words.show);
      } else {
        await renew(main);
      }
    } catch {
      say(words.ended);
    }
  }

  // Put what is true now in the place of what was, and leave focus and scrolling where they are.
  async function renew(main) {
    const answer = await fetch(main.dataset.self, { cache: "no-store" });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("main");
    if (!fresh || dirty()) return;
    const focused = document.activeElement;
    const stop = focused.closest?.("[id]")?.id;
    const key = focused.dataset?.key;
    const open = [...main.querySelectorAll("details[open]")].map((each) => each.querySelector("summary").textContent);
    main.replaceWith(document.adoptNode(fresh));
    for (const each of fresh.querySelectorAll("details")) {
      if (open.includes(each.querySelector("summary").textContent)) each.open = true;
    }
    document.querySelector(".steps-nav")?.replaceWith(document.adoptNode(page.querySelector(".steps-nav")));
    document.title = page.title;
    say("");
    before = filled();
    const again = stop && document.getElementById(stop);
    if (again && focused !== document.body) (key ? (again.querySelector(`[data-key="${key}"]`) ?? again) : again).focus();
  }

  function press(key) {
    const stop = document.activeElement.closest?.("[data-stop]");
    const target = stop?.querySelector(`[data-key="${key}"]`) ?? document.querySelector(`main:not(:has([data-stop])) [data-key="${key}"], header [data-key="${key}"]`);
    if (!target) return false;
    if (target.matches("textarea")) target.focus();
    else target.click();
    return true;
  }

  function move(step) {
    const stops = [...document.querySelectorAll("[data-stop]")];
    if (!stops.length) return press(step > 0 ? "j" : "k");
    const at = stops.indexOf(document.activeElement.closest?.("[data-stop]"));
    const next = stops[Math.max(0, Math.min(stops.length - 1, at < 0 ? 0 : at + step))];
    next.querySelector("[data-key=o]").focus();
    next.scrollIntoView({ block: "nearest" });
    return true;
  }

  function act(key) {
    if (key === "j") return move(1);
    if (key === "k") return move(-1);
    if (key === "e") return document.querySelector("#fields .entry :is(input, textarea, select)")?.focus() ?? true;
    if (key === "?") {
      const keys = document.querySelector(".keys");
      keys.open = !keys.open;
      keys.scrollIntoView({ block: "nearest" });
      return true;
    }
    return "osaru".includes(key) && press(key);
  }

  document.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if ((event.ctrlKey || event.metaKey) && event.key === "s" && form()) {
      event.preventDefault();
      press("s");
    } else if (event.key === "Escape" && event.target.matches(typing)) {
      event.target.blur();
    } else if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && event.target.id === "words") {
      event.target.parentElement.querySelector("[data-words]").click();
    } else if (!event.ctrlKey && !event.metaKey && !event.altKey && !event.target.matches(typing)) {
      if (act(event.key)) event.preventDefault();
    }
  });

  document.addEventListener("click", (event) => {
    const asked = event.target.closest?.("[data-sure]");
    if (asked && !confirm(asked.dataset.sure)) event.preventDefault();
  });

  // A last empty box for one more term, as soon as that is filled.
  document.addEventListener("input", (event) => {
    const boxes = event.target.closest?.(".boxes");
    if (!boxes) return;
    event.target.size = Math.max(event.target.value.length + 1, 6);
    const last = [...boxes.querySelectorAll("input")].at(-1);
    if (last.value.trim()) {
      const more = last.cloneNode();
      more.removeAttribute("id");
      more.value = "";
      last.after(more);
    }
  });

  document.addEventListener("submit", () => { before = filled(); });
  addEventListener("beforeunload", (event) => { if (form() && filled() !== before) event.preventDefault(); });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  setInterval(() => { if (!document.hidden) look(); }, EVERY);
})();
