"""The script that shows a long form one step at a time. A leaf: publishing puts the text into pages with such a form, and
its hash into their policy.

A form says so itself: `<form data-steps>` with `<fieldset data-step="Your ride">…`. Without the script all steps stand
below one another and it is one ordinary form; with it there is still one form and one post, and what was typed stays
where it was typed. `data-next` and `data-back` on the form name the buttons in the page's language. A step is left by
Next only when the browser is content with it; each one that opens is announced and gets the focus.
"""

from typing import Final

SCRIPT: Final = """\
(function () {
  'use strict';
  var d = document;
  var setUp = function (form) {
    var steps = [].slice.call(form.querySelectorAll('fieldset[data-step]'));
    if (steps.length < 2) return;
    var now = 0;
    var submits = [].slice.call(form.querySelectorAll('button:not([type]), button[type=submit], input[type=submit]'));
    var show = function (element, on) {
      element.hidden = !on;
      if (on) element.style.removeProperty('display');
      else element.style.setProperty('display', 'none', 'important');
    };
    var make = function (text) {
      var button = d.createElement('button');
      button.type = 'button';
      button.textContent = text;
      if (submits[0]) button.className = submits[0].className;
      return button;
    };
    var where = d.createElement('p');
    where.setAttribute('role', 'status');
    var back = make(form.getAttribute('data-back') || 'Back');
    var next = make(form.getAttribute('data-next') || 'Next');
    var moves = d.createElement('div');
    moves.appendChild(back);
    moves.appendChild(d.createTextNode(' '));
    moves.appendChild(next);
    steps[0].parentNode.insertBefore(where, steps[0]);
    var last = steps[steps.length - 1];
    last.parentNode.insertBefore(moves, last.nextSibling);
    var open = function (index, focus) {
      now = index;
      steps.forEach(function (step, place) { show(step, place === now); });
      show(back, now > 0);
      show(next, now < steps.length - 1);
      submits.forEach(function (button) {
        if (!last.contains(button)) show(button, now === steps.length - 1);
      });
      where.textContent = steps[now].getAttribute('data-step') + ' (' + (now + 1) + '/' + steps.length + ')';
      if (!focus) return;
      steps[now].setAttribute('tabindex', '-1');
      steps[now].focus();
    };
    var goOn = function () {
      var fields = [].slice.call(steps[now].elements || steps[now].querySelectorAll('input, select, textarea'));
      var wrong = fields.filter(function (field) { return field.checkValidity && !field.checkValidity(); })[0];
      if (!wrong) open(now + 1, true);
      else if (wrong.reportValidity) wrong.reportValidity();
      else wrong.focus();
    };
    next.addEventListener('click', goOn);
    back.addEventListener('click', function () { open(now - 1, true); });
    form.addEventListener('keydown', function (event) {
      var field = event.target;
      if (event.key !== 'Enter' || event.isComposing || now === steps.length - 1) return;
      if (field.tagName !== 'INPUT' && field.tagName !== 'FIELDSET') return;
      if (field.type === 'submit' || field.type === 'button' || field.type === 'reset' || field.type === 'image') return;
      event.preventDefault();
      goOn();
    });
    form.addEventListener('invalid', function (event) {
      for (var place = 0; place < steps.length; place += 1) {
        if (steps[place].contains(event.target) && place < now) { open(place, false); break; }
      }
    }, true);
    open(0, false);
  };
  var start = function () { [].slice.call(d.querySelectorAll('form[data-steps]')).forEach(setUp); };
  if (d.readyState === 'loading') d.addEventListener('DOMContentLoaded', start);
  else start();
})();
"""
