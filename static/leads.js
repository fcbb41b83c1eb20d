// One tick for all leads of the list; without this script each has its own.
"use strict";

for (const all of document.querySelectorAll("[data-tick-all]")) {
  const boxes = [...document.getElementById(all.dataset.tickAll).querySelectorAll('input[name="lead"]')];
  all.hidden = boxes.length === 0;
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
  });
  all.form.addEventListener("change", () => {
    const ticked = boxes.filter((box) => box.checked).length;
    all.checked = ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  });
}
