// The part of an image that stays: drawn with the pointer, moved and resized with the arrow keys. The form's numbers are
// the truth; they work without any of this.
"use strict";

(() => {
  const stage = document.querySelector("[data-crop]");
  const part = document.querySelector("[data-part]");
  const form = document.querySelector("[data-crop-form]");
  if (!stage || !part || !form) return;
  const image = stage.querySelector("img");
  const fields = ["x", "y", "width", "height"].map((name) => form.elements.namedItem(name));
  const ratio = form.elements.namedItem("ratio");
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const read = () => fields.map((field) => Number(field.value) || 0);

  const draw = () => {
    const [x, y, width, height] = read();
    part.hidden = false;
    part.style.left = `${x}%`;
    part.style.top = `${y}%`;
    part.style.width = `${clamp(width, 0, 100 - x)}%`;
    part.style.height = `${clamp(height, 0, 100 - y)}%`;
  };
  const write = (x, y, width, height) => {
    [x, y, width, height].forEach((value, index) => { fields[index].value = String(Math.round(value * 10) / 10); });
    draw();
  };
  // Of the height for each of the width, in per cent of both.
  const slope = () => {
    const [wide, high] = ratio.value.split(":").map(Number);
    return high && image.naturalHeight ? (image.naturalWidth / image.naturalHeight) / (wide / high) : 0;
  };
  const fit = () => {
    const [x, y, width, height] = read();
    if (!slope()) return draw();
    const fitted = Math.min(width * slope(), 100 - y);
    write(x, y, fitted / slope(), fitted || height);
  };

  let from = null;
  const place = (event) => {
    const box = image.getBoundingClientRect();
    return [
      clamp(((event.clientX - box.left) / box.width) * 100, 0, 100),
      clamp(((event.clientY - box.top) / box.height) * 100, 0, 100),
    ];
  };
  stage.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    from = place(event);
    stage.setPointerCapture(event.pointerId);
  });
  stage.addEventListener("pointermove", (event) => {
    if (!from) return;
    const to = place(event);
    write(Math.min(from[0], to[0]), Math.min(from[1], to[1]), Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]));
  });
  stage.addEventListener("pointerup", () => {
    from = null;
    fit();
    part.focus();
  });
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  part.addEventListener("keydown", (event) => {
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    const [x, y, width, height] = read();
    if (event.shiftKey) {
      write(x, y, clamp(width + step[0], 1, 100 - x), clamp(height + step[1], 1, 100 - y));
      fit();
    } else {
      write(clamp(x + step[0], 0, 100 - width), clamp(y + step[1], 0, 100 - height), width, height);
    }
  });
  ratio.addEventListener("change", fit);
  fields.forEach((field) => field.addEventListener("input", draw));
  if (image.complete) draw();
  else image.addEventListener("load", draw);
})();
