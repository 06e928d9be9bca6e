"use strict";
(() => {
  const root = document.documentElement;
  const find = document.getElementById("find");
  const drafts = [...document.querySelectorAll(".draft")];
  const texts = new Map(drafts.map((draft) => [draft, folded(said(draft))]));
  const words = new Map(
    [...document.getElementById("words").content.children].map((each) => [each.dataset.tongue, each.dataset]),
  );

  // What is a draft's own: names, values, reasons; not the page's words around them.
  function said(draft) {
    return [...draft.querySelectorAll("bdi, .reason, .stamp, code")].map((each) => each.textContent).join(" ");
  }

  function folded(text) {
    return text.normalize("NFKC").toLowerCase();
  }

  function speak(tongue) {
    root.lang = tongue;
    document.title = words.get(tongue).title;
  }

  function say(id, text) {
    document.getElementById(id).textContent = text;
  }

  function filter() {
    const wanted = folded(find.value).split(/\s+/).filter(Boolean);
    for (const draft of drafts) {
      draft.hidden = !wanted.every((word) => texts.get(draft).includes(word));
    }
    const number = drafts.filter((draft) => draft.offsetParent !== null).length;
    const { one, many } = words.get(root.lang);
    say("count", number === 1 ? one : many.replace("0", String(number)));
  }

  async function copy(button) {
    const code = button.previousElementSibling;
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      getSelection().selectAllChildren(code);
      document.execCommand("copy");
    }
    const { copied } = words.get(root.lang);
    say("said", copied);
    button.dataset.done = copied;
    setTimeout(() => { delete button.dataset.done; say("said", ""); }, 2000);
  }

  function open() {
    const target = document.getElementById(location.hash.slice(1));
    target?.querySelector("details")?.setAttribute("open", "");
  }

  if (words.size > 1) {
    const preferred = navigator.languages.map((each) => each.slice(0, 2).toLowerCase());
    speak(preferred.find((each) => words.has(each)) ?? root.lang);
    const toggle = document.getElementById("language");
    toggle.hidden = false;
    toggle.addEventListener("click", () => speak(root.lang === "zh" ? "en" : "zh"));
  }
  if (find) {
    find.parentElement.hidden = false;
    find.addEventListener("input", filter);
    document.querySelectorAll("[name=outcome]").forEach((each) => each.addEventListener("change", filter));
    document.addEventListener("keydown", (event) => {
      if (event.key === "/" && !event.target.matches("input")) {
        event.preventDefault();
        find.focus();
      } else if (event.key === "Escape" && event.target === find) {
        find.value = "";
        filter();
      }
    });
  }
  for (const button of document.querySelectorAll(".copy")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
  addEventListener("hashchange", open);
  open();
})();
