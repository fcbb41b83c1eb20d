"""The script that tells us a page was really seen, and which goals were reached there. A leaf: publishing puts the text
into each page, and its hash into the page's policy, so the text is the same everywhere.

It reads its own element: `data-lander` (the view token) and `data-goals`, a JSON list of [key, kind, target]: a click on
what a selector finds, a scroll that has shown so many per cent of the page's height, a time of so many seconds in which
the page was visible. A page counts as seen once it is visible and loaded, after any prerendering; a goal counts once per
view and proves that the page is seen. It needs no storage and no cookie, never throws, and works in browsers without
`keepalive`, `fetch` or `dataset`.
"""

from typing import Final

# Height and position are the greater of the document's and the body's: on some pages the body scrolls instead. One pixel
# more, because browsers round them differently. Time is counted in ticks: a clock would count a closed laptop too.
SCRIPT: Final = """\
(function () {
  try {
    var d = document, w = window, s = d.currentScript;
    var token = s && s.getAttribute('data-lander');
    if (!token) return;
    var seen = false, goals = [], seconds = 0;
    var send = function (kind) {
      var body = 't=' + encodeURIComponent(token) + '&k=' + kind;
      var type = 'application/x-www-form-urlencoded';
      try {
        if (w.fetch && w.Request && 'keepalive' in w.Request.prototype) {
          w.fetch('/_l/b', {
            method: 'POST', mode: 'no-cors', keepalive: true, credentials: 'omit', body: body, headers: {'Content-Type': type}
          })['catch'](function () {});
          return;
        }
        if (navigator.sendBeacon && navigator.sendBeacon('/_l/b', body)) return;
        var x = new XMLHttpRequest();
        x.open('POST', '/_l/b', true);
        x.setRequestHeader('Content-Type', type);
        x.send(body);
      } catch (e) {}
    };
    var see = function () {
      if (!seen) { seen = true; send('view'); }
    };
    var reach = function (kind, isReached) {
      goals.forEach(function (goal) {
        try {
          if (goal[1] !== kind || !isReached(goal[2])) return;
          goal[1] = 'reached';
          see();
          send('goal&g=' + goal[0]);
        } catch (e) {}
      });
    };
    var isVisible = function () {
      return !d.prerendering && (!d.visibilityState || d.visibilityState === 'visible');
    };
    var look = function () {
      if (d.readyState !== 'complete' || !isVisible()) return;
      see();
      reach('scroll', function (percent) {
        var page = d.documentElement, body = d.body || page;
        var shown = Math.max(w.pageYOffset, body.scrollTop) + w.innerHeight + 1;
        return 100 * shown >= percent * Math.max(page.scrollHeight, body.scrollHeight);
      });
    };
    var wait = function () {
      if (goals.some(function (goal) { return goal[1] === 'time'; })) setTimeout(tick, 1000);
    };
    var tick = function () {
      if (isVisible()) {
        seconds += 1;
        reach('time', function (wanted) { return seconds >= wanted; });
      }
      wait();
    };
    var click = function (event) {
      var target = event.target;
      if (event.type === 'auxclick' && event.button !== 1) return;
      if (target && target.nodeType === 3) target = target.parentNode;
      reach('click', function (selector) { return target.closest(selector); });
    };
    look();
    w.addEventListener('load', look);
    d.addEventListener('visibilitychange', look);
    d.addEventListener('prerenderingchange', look);
    goals = goals.concat(JSON.parse(s.getAttribute('data-goals') || '[]'));
    if (!goals.length) return;
    d.addEventListener('click', click, true);
    d.addEventListener('auxclick', click, true);
    d.addEventListener('scroll', look, {passive: true, capture: true});
    w.addEventListener('resize', look, {passive: true});
    wait();
  } catch (e) {}
})();
"""
