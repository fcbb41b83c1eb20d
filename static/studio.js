// What the studio adds in the browser. Every screen works without it.
"use strict";

// The message after an action is said once: reloading or sharing the address must not repeat it.
(() => {
  const address = new URL(location.href);
  if (address.searchParams.has("notice") || address.searchParams.has("told")) {
    address.searchParams.delete("notice");
    address.searchParams.delete("told");
    history.replaceState(null, "", address);
  }
})();

// After a refused form the summary of what needs mending gets the focus, so that it is read first.
const summary = document.querySelector("[data-focus]");
if (summary) summary.focus();

// Why a form was not sent, or not taken, above its fields: they keep what was typed.
function sayAbove(form, title, ...parts) {
  form.querySelector("[data-unsent]")?.remove();
  const box = document.createElement("div");
  box.className = "errors";
  box.dataset.unsent = "";
  box.tabIndex = -1;
  box.setAttribute("role", "alert");
  const heading = document.createElement("h2");
  heading.textContent = title;
  const sentence = document.createElement("p");
  sentence.append(...parts);
  box.append(heading, sentence);
  form.prepend(box);
  box.focus();
}

// What is typed is sent only while somebody is signed in, since the sign-in screen would take its place. A sign-in in
// another tab makes a new form token, and every page of the studio holds it.
(() => {
  const asking = new Set();
  let passing = null;
  const typed = "textarea, input:not([type=hidden], [type=checkbox], [type=radio])";
  const send = async (form, button) => {
    const answer = await fetch("/search");
    if (!answer.ok) throw new Error(answer.statusText);
    const token = / name="_csrf" value="([^"]+)"/.exec(await answer.text());
    if (!token) {
      const link = document.createElement("a");
      Object.assign(link, { href: "/sign-in", target: "_blank", textContent: "Sign in in a new tab" });
      sayAbove(form, "You are signed out", "What you typed was not sent and is still here. ", link, ", then send it again.");
      return;
    }
    for (const field of document.querySelectorAll("input[name=_csrf]")) field.value = token[1];
    passing = form;
    form.requestSubmit(button);
    passing = null;
  };
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form === passing || !form.querySelector("[name=_csrf]") || !form.querySelector(typed)) return;
    event.preventDefault();
    event.stopPropagation();
    if (asking.has(form)) return;
    asking.add(form);
    try {
      await send(form, event.submitter);
    } catch {
      sayAbove(form, "Lander does not answer", "What you typed was not sent and is still here. Send it again in a while.");
    } finally {
      asking.delete(form);
    }
  }, true);
})();

// Upload progress, from htmx's own event.
document.addEventListener("htmx:xhr:progress", (event) => {
  const bar = event.target.querySelector("progress[data-upload]");
  if (!bar || !event.detail.lengthComputable) return;
  bar.hidden = false;
  bar.max = event.detail.total;
  bar.value = event.detail.loaded;
});
// The answer may be the same form with its errors: it is a 422, and it is meant to be seen. Of any other refusal the form
// says what its page says; the page of a proxy has a title.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, isError } = event.detail;
  if (xhr.status === 422 || xhr.status === 409) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  } else if (isError && event.target.matches("form")) {
    const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
    const sentences = [...page.querySelectorAll("main > p:not(.kicker, :last-child)")].map((part) => part.textContent);
    const title = page.querySelector("main > h1")?.textContent || page.title || `The answer was ${xhr.status}`;
    sayRefused(event.target, title, sentences);
  }
});
document.addEventListener("htmx:sendError", (event) => {
  if (event.target.matches("form")) sayRefused(event.target, "The connection broke off", ["Send it again in a while."]);
});
function sayRefused(form, title, sentences) {
  for (const bar of form.querySelectorAll("progress[data-upload]")) bar.hidden = true;
  sayAbove(form, title, [...sentences, "What you chose is still here."].join(" "));
}
document.addEventListener("htmx:afterSettle", (event) => {
  const errors = event.target.querySelector("[data-focus]");
  if (errors) errors.focus();
});

// Keyboard: g and then a letter of the navigation leads to that part of the studio, / to the search, ? lists them.
let waiting = false;
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const shortcuts = document.getElementById("shortcuts");
  const jump = waiting && document.querySelector(`nav a[data-jump="${CSS.escape(event.key)}"]`);
  if (jump) {
    location.assign(jump.href);
  } else if (event.key === "?" && shortcuts) {
    shortcuts.showModal();
  } else if (event.key === "/" && document.getElementById("find")) {
    event.preventDefault();
    document.getElementById("find").select();
  }
  waiting = event.key === "g";
});

// The line numbers beside a source follow its scrolling and its length.
for (const editor of document.querySelectorAll("[data-source]")) {
  const area = editor.querySelector("textarea");
  const gutter = editor.querySelector("[data-gutter]");
  const marked = new Set((editor.dataset.marked || "").split(",").filter(Boolean).map(Number));
  let shown = 0;
  const draw = () => {
    const lines = area.value.split("\n").length;
    if (lines !== shown) {
      const rows = document.createDocumentFragment();
      for (let number = 1; number <= lines; number += 1) {
        const row = document.createElement("span");
        row.textContent = String(number);
        if (marked.has(number)) row.className = "marked";
        rows.append(row);
      }
      gutter.replaceChildren(rows);
      shown = lines;
    }
    gutter.scrollTop = area.scrollTop;
  };
  area.addEventListener("input", draw);
  // Somebody who types is not idle: without this the session would end under a long edit, and the text with it.
  let awake = Date.now();
  area.addEventListener("input", () => {
    if (Date.now() - awake < 300_000) return;
    awake = Date.now();
    fetch(location.pathname + location.search, { method: "HEAD" }).catch(() => {});
  });
  area.addEventListener("scroll", draw);
  draw();
  const goTo = (number) => {
    const start = area.value.split("\n").slice(0, number - 1).join("\n").length + (number > 1 ? 1 : 0);
    const end = area.value.indexOf("\n", start);
    area.focus();
    area.setSelectionRange(start, end < 0 ? area.value.length : end);
    const height = parseFloat(getComputedStyle(area).lineHeight);
    area.scrollTop = Math.max(0, (number - 4) * height);
  };
  const toHash = () => {
    const found = /^#line-(\d+)$/.exec(location.hash);
    if (found) goTo(Number(found[1]));
  };
  window.addEventListener("hashchange", toHash);
  toHash();
}

// Device widths of a preview: attributes only, since the studio allows no inline styles.
for (const group of document.querySelectorAll("[data-widths]")) {
  const frames = group.dataset.widths.split(" ").map((id) => document.getElementById(id));
  group.hidden = false;
  group.addEventListener("change", (event) => {
    for (const frame of frames) frame.dataset.width = event.target.value;
  });
}

// Copying the address in a field: the button appears where the browser can do it.
for (const field of document.querySelectorAll("[data-copy]")) {
  const button = document.getElementById(field.dataset.copy);
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.select();
    await navigator.clipboard.writeText(field.value);
    button.textContent = "Copied";
  });
}
