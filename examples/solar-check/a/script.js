// Savings estimate under the hero. The page reads the same without it.
(function () {
  "use strict";

  var bill = document.getElementById("bill");
  var year = document.getElementById("saving-year");
  var payback = document.getElementById("payback");
  var shown = document.getElementById("bill-shown");
  if (!bill || !year || !payback || !shown) return;

  var pounds = new Intl.NumberFormat("en-GB", { style: "currency", currency: "GBP", maximumFractionDigits: 0 });

  // A typical household uses 45 % of its yield itself and exports the rest at about a third of the price.
  function estimate(yearlyBill) {
    var saving = yearlyBill * 0.48;
    var cost = 3900 + yearlyBill * 1.35;
    return { saving: saving, years: cost / saving };
  }

  function show() {
    var result = estimate(Number(bill.value));
    shown.textContent = pounds.format(bill.value);
    year.textContent = pounds.format(Math.round(result.saving / 10) * 10);
    payback.textContent = result.years.toFixed(1) + " years";
  }

  bill.addEventListener("input", show);
  show();
})();
