// Joins the preview and the fields of a page's regions. The preview is sealed, and scripts of the page run in it: what it
// says is text for a field or the number of an element, cut to length, and never becomes HTML here. It cannot save.
"use strict";

(() => {
  const form = document.querySelector("form[data-regions], form[data-tagging]");
  const frame = document.getElementById("preview");
  if (!form || !frame) return;
  const LONGEST = 200_000;
  const isBeside = window.matchMedia("(min-width: 62rem)");
  let channel = form.dataset.channel;
  let isHeard = false;
  let isRenewed = false;
  const say = (message) => frame.contentWindow.postMessage({ ...message, channel }, "*"); // an opaque origin has no name
  const isInPreview = () => document.activeElement === frame;
  const answers = { leave: () => isInPreview() && form.querySelector("[data-save]").focus() };
  window.addEventListener("message", (event) => {
    const said = event.data;
    if (event.source !== frame.contentWindow || typeof said !== "object" || said === null || said.channel !== channel) return;
    isHeard = true;
    frame.setAttribute("aria-busy", "false");
    if (typeof said.type === "string" && Object.hasOwn(answers, said.type)) answers[said.type](said);
  });

  // Another link to the same version: after ten minutes, or where a script of the page has led the preview elsewhere.
  const renew = async () => {
    const answer = await fetch(form.dataset.renewAddress, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const made = await answer.json();
    channel = made.channel;
    frame.src = made.address;
  };
  for (const button of document.querySelectorAll("[data-renew]")) {
    button.hidden = false;
    button.addEventListener("click", renew);
  }
  frame.addEventListener("load", () => {
    isHeard = false;
    frame.setAttribute("aria-busy", "true");
    say({ type: "hello" }); // a preview of ours answers
    setTimeout(() => {
      if (isHeard || isRenewed) return;
      isRenewed = true;
      renew();
    }, 3000);
  });

  // Nothing typed is lost: not by closing the tab, not by the session ending under a long edit, not by forgetting Ctrl+Enter.
  let isTyped = form.querySelector("[data-changed]") !== null;
  let awake = Date.now();
  const note = () => {
    isTyped = true;
    if (Date.now() - awake < 300_000) return;
    awake = Date.now();
    fetch(location.pathname + location.search, { method: "HEAD" }).catch(() => {});
  };
  form.addEventListener("input", note);
  form.addEventListener("submit", () => {
    isTyped = false;
  });
  window.addEventListener("beforeunload", (event) => {
    if (isTyped) event.preventDefault();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    form.requestSubmit(form.querySelector("[data-save]"));
  });

  if (form.matches("[data-tagging]")) tag();
  else edit();
  say({ type: "hello" });

  function edit() {
    const fields = new Map();
    const numberOf = (field) => Number(field.closest("[data-region]").dataset.region);
    for (const field of form.querySelectorAll("[data-part]")) fields.set(`${numberOf(field)} ${field.dataset.part}`, field);
    const send = (field) => {
      const chosen = field.selectedOptions ? field.selectedOptions[0].dataset.shown || field.value : field.value;
      say({ type: "set", region: numberOf(field), part: field.dataset.part, value: chosen });
    };
    const find = (said) => fields.get(`${Number(said.region)} ${said.part}`);
    const point = (field) => {
      for (const other of form.querySelectorAll("[data-here]")) delete other.dataset.here;
      field.closest("[data-region]").dataset.here = "";
    };
    answers.ready = () => {
      for (const field of fields.values()) {
        if (field.matches("[data-changed]")) send(field);
      }
    };
    answers.input = (said) => {
      const field = find(said);
      if (!field || !field.matches("[data-in-place]") || typeof said.value !== "string") return;
      field.value = said.value.slice(0, field.maxLength > 0 ? field.maxLength : LONGEST);
      field.dataset.changed = "";
      point(field);
      note();
    };
    answers.focus = (said) => {
      const field = find(said);
      if (!field) return;
      point(field);
      // where the fields stand below the preview, scrolling to one would take away what is being edited
      if (said.here !== true || isBeside.matches) field.scrollIntoView({ block: "nearest" });
      if (said.here !== true && isInPreview()) field.focus();
    };
    form.addEventListener("input", (event) => {
      const field = event.target;
      if (!field.matches("[data-part]")) return;
      field.dataset.changed = "";
      send(field);
    });
    form.addEventListener("focusin", (event) => {
      const region = event.target.closest("[data-region]");
      if (region) say({ type: "show", region: Number(region.dataset.region), scroll: true });
    });
    for (const upload of form.querySelectorAll("[data-picture-for]")) {
      upload.addEventListener("change", () => {
        const field = document.getElementById(upload.dataset.pictureFor);
        if (!upload.files.length) return send(field);
        const reader = new FileReader();
        reader.addEventListener("load", () => {
          say({ type: "set", region: numberOf(field), part: field.dataset.part, value: reader.result });
        });
        reader.readAsDataURL(upload.files[0]);
      });
    }
    for (const button of form.querySelectorAll("[data-take]")) {
      button.hidden = false;
      button.addEventListener("click", () => {
        const field = document.getElementById(button.dataset.take);
        field.value = button.dataset.value;
        field.dispatchEvent(new Event("input", { bubbles: true }));
        field.focus();
      });
    }
  }

  function tag() {
    const other = form.querySelector("[data-other]");
    const number = other.querySelector("[name=other]");
    const sendPicked = () => {
      const elements = [...form.querySelectorAll("[name=tag]:checked")].map((box) => Number(box.value));
      if (!number.disabled) elements.push(Number(number.value));
      say({ type: "picked", elements });
    };
    const choose = (control) => {
      note();
      sendPicked();
      control.scrollIntoView({ block: "center" });
      if (isInPreview()) {
        control.focus();
        control.select();
      }
    };
    answers.ready = sendPicked;
    answers.pick = (said) => {
      const element = Number(said.element);
      if (!Number.isSafeInteger(element) || element < 0) return;
      const row = form.querySelector(`[data-element="${element}"]`);
      if (row) {
        row.querySelector("[name=tag]").checked = true;
        choose(row.querySelector("[name^=name-]"));
        return;
      }
      const text = String(said.text || "").slice(0, 90);
      other.hidden = number.disabled = false;
      number.value = String(element);
      other.querySelector("[data-other-text]").textContent = `<${String(said.name || "").slice(0, 20)}> ${text}`;
      const name = other.querySelector("[name=name-other]");
      name.value = text.slice(0, 40);
      choose(name);
    };
    other.querySelector("[data-other-drop]").addEventListener("click", () => {
      other.hidden = number.disabled = true;
      sendPicked();
    });
    form.addEventListener("change", sendPicked);
    // naming something is choosing it
    form.addEventListener("input", (event) => {
      const row = event.target.closest("[data-element]");
      if (!row || event.target.type === "checkbox") return;
      row.querySelector("[name=tag]").checked = true;
      sendPicked();
    });
  }
})();
