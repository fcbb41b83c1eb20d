"""The script that tells us a page was really seen, and that a click goal was reached. A leaf: publishing puts the text
into each page, and its hash into the page's policy, so the text is the same everywhere.

It reads its own element: `data-lander` (the view token), `data-goal` ("click" or something else) and `data-selector`.
A page counts as seen once it is visible and loaded, after any prerendering; a click counts once per view and proves
that the page is seen. It needs no storage and no cookie, never throws, and works in browsers without `keepalive`, `fetch`
or `dataset`.
"""

from typing import Final

SCRIPT: Final = """\
(function () {
  try {
    var d = document, w = window, s = d.currentScript;
    var token = s && s.getAttribute('data-lander');
    if (!token) return;
    var seen = false, clicked = false;
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
    var whenVisible = function () {
      if (!d.visibilityState || d.visibilityState === 'visible') return see();
      d.addEventListener('visibilitychange', function () {
        if (d.visibilityState === 'visible') see();
      });
    };
    var whenLoaded = function () {
      if (d.readyState === 'complete') return whenVisible();
      w.addEventListener('load', whenVisible);
    };
    if (d.prerendering) d.addEventListener('prerenderingchange', whenLoaded);
    else whenLoaded();
    var selector = s.getAttribute('data-selector');
    if (s.getAttribute('data-goal') !== 'click' || !selector) return;
    var onClick = function (event) {
      try {
        if (clicked || (event.type === 'auxclick' && event.button !== 1)) return;
        var target = event.target;
        if (target && target.nodeType === 3) target = target.parentNode;
        if (!target || !target.closest || !target.closest(selector)) return;
        clicked = true;
        see();
        send('goal&g=click');
      } catch (e) {}
    };
    d.addEventListener('click', onClick, true);
    d.addEventListener('auxclick', onClick, true);
  } catch (e) {}
})();
"""
