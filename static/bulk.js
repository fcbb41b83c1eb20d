// How far a bulk edit is, while its form is under way. Without this the browser only says that it waits.
"use strict";

for (const form of document.querySelectorAll("form[data-progress]")) {
  const working = form.querySelector("[data-working]");
  form.addEventListener("submit", () => {
    // after the browser has read which button was pressed
    setTimeout(() => form.querySelectorAll("button").forEach((button) => { button.disabled = true; }));
    if (!working) return;
    const bar = working.querySelector("progress");
    const words = working.querySelector("span");
    working.hidden = false;
    setInterval(async () => {
      try {
        const answer = await fetch(`/bulk/progress?token=${encodeURIComponent(form.dataset.progress)}`);
        const { done, of } = await answer.json();
        if (!of) return;
        bar.max = of;
        bar.value = done;
        words.textContent = done * 2 < of ? "Checking every page…" : "Publishing…";
      } catch {
        // the work goes on all the same
      }
    }, 400);
  });
}
// Back from the next screen: the form can be sent again.
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("form[data-progress] button")) button.disabled = false;
});
