// Search and social: lengths count along, and the card shows what is typed. The screen works without it.
"use strict";

for (const count of document.querySelectorAll("[data-count]")) {
  const field = document.getElementById(count.dataset.count);
  const most = Number(count.dataset.most);
  const draw = () => {
    const length = [...field.value.trim()].length;
    count.textContent = `${length} of ${most}`;
    count.classList.toggle("over", length > most);
  };
  field.addEventListener("input", draw);
  draw();
}

for (const field of document.querySelectorAll("[data-mirror]")) {
  const shown = document.getElementById(field.dataset.mirror);
  const otherwise = field.value ? "" : shown.textContent;
  field.addEventListener("input", () => {
    shown.textContent = field.value.trim() || otherwise;
  });
}
