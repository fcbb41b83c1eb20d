// The one Trusted Types policy of the studio. HTML passes only while htmx swaps an answer of this very origin;
// scripts and script addresses never pass. Loaded before htmx.
"use strict";

(() => {
  let answer = null;
  const isOurs = (xhr) => {
    try {
      return new URL(xhr.responseURL).origin === location.origin;
    } catch {
      return false;
    }
  };
  document.addEventListener("htmx:beforeSwap", (event) => {
    answer = isOurs(event.detail.xhr) ? event.detail.serverResponse : null;
  });
  for (const end of ["htmx:afterSwap", "htmx:swapError", "htmx:responseError"]) {
    document.addEventListener(end, () => {
      answer = null;
    });
  }
  if (window.trustedTypes) {
    window.trustedTypes.createPolicy("default", {
      createHTML: (html) => {
        if (answer === null || !html.includes(answer)) throw new TypeError("No HTML but an answer of the studio is put into this page.");
        return html;
      },
    });
  }
})();
