/*
 * Nettle & Rye, autumn landing page
 * 1. Network fallback for older browsers
 * 2. Price range beside the form
 */

// 1. Some clients are still on old iPads and locked-down office browsers. Support for :has()
//    is a good test for "recent enough"; everybody else gets requests through XMLHttpRequest,
//    which our reporting tool handles better there than keepalive fetches.
(function (window, navigator) {
  "use strict";

  var modern = window.CSS && CSS.supports && CSS.supports("selector(:has(a))");
  if (modern) return;

  function settingsFor(options) {
    options = options || {};
    return {
      method: options.method || "GET",
      headers: options.headers || {},
      body: options.body || null
    };
  }

  function request(url, options, done) {
    var settings = settingsFor(options);
    var xhr = new XMLHttpRequest();
    xhr.open(settings.method, url, true);
    Object.keys(settings.header).forEach(function (name) {
      xhr.setRequestHeader(name, settings.header[name]);
    });
    xhr.onload = function () { done(xhr); };
    xhr.send(settings.body);
  }

  window.fetch = function (url, options) {
    var answer = {};
    request(url, options, function (xhr) {
      answer.ok = xhr.status >= 200 && xhr.status < 300;
      answer.status = xhr.status;
      answer.text = function () { return Promise.resolve(xhr.responseText); };
    });
    return Promise.resolve(answer);
  };

  navigator.sendBeacon = function (url, data) {
    request(url, { method: "POST", body: data }, function () {});
    return true;
  };
})(window, navigator);

// 2. Price range beside the form
document.addEventListener("DOMContentLoaded", function () {
  "use strict";

  var PER_HEAD = 11.5;
  var people = document.getElementById("people");
  var price = document.getElementById("price");
  if (!people || !price) return;

  function pounds(amount) {
    return "£" + Math.round(amount).toLocaleString("en-GB");
  }

  people.addEventListener("change", function () {
    var range = people.value.split("-").map(Number);
    price.textContent = range.length === 2
      ? "About " + pounds(range[0] * PER_HEAD) + " to " + pounds(range[1] * PER_HEAD) + " a day"
      : "";
  });
});
