// Price range beside the form. Without this script the form works all the same.
(function () {
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
})();
