"""The script and style of an editing preview. A leaf: they go into a draft that is opened for editing, never into a page
that is published.

The script runs in the sealed preview beside whatever scripts the page has, so the studio believes nothing it says: it
sends texts for fields, and which field is meant. It takes messages from the studio's own window only. It changes what
the preview shows; nothing is saved from there.
"""

from typing import Final

STYLE: Final = """\
[data-lander-region]{outline:2px dashed #0f7c94!important;outline-offset:3px!important;cursor:text!important}
[data-lander-region]:hover,[data-lander-shown]{outline-style:solid!important}
[data-lander-shown]{outline-color:#c05a00!important}
[data-lander-hover]{outline:3px solid #0f7c94!important;outline-offset:2px!important;cursor:crosshair!important}
[data-lander-picked]{outline:3px solid #c05a00!important;outline-offset:2px!important}
"""

SCRIPT: Final = r"""
(function () {
  'use strict';
  var d = document, me = d.currentScript, studio = window.parent;
  var channel = me.getAttribute('data-channel'), origin = me.getAttribute('data-studio');
  var isTagging = me.getAttribute('data-mode') === 'tag';
  me.remove();
  if (studio === window) return;
  var say = function (message) { message.channel = channel; studio.postMessage(message, origin); };
  var all = function (selector, act, root) { Array.prototype.forEach.call((root || d).querySelectorAll(selector), act); };
  var near = function (event, selector) {
    var target = event.target;
    if (target && target.nodeType === 3) target = target.parentNode;
    return target && target.closest ? target.closest(selector) : null;
  };
  var stop = function (event) { event.preventDefault(); event.stopImmediatePropagation(); };
  var hear = function (answers) {
    window.addEventListener('message', function (event) {
      var said = event.data;
      if (event.source !== studio || event.origin !== origin || !said || said.channel !== channel) return;
      if (answers.hasOwnProperty(said.type)) answers[said.type](said);
    });
  };
  var whenRead = function (act) {
    if (d.readyState === 'loading') d.addEventListener('DOMContentLoaded', act); else act();
  };
  var report = function () { whenRead(function () { say({type: 'ready'}); }); };
  window.addEventListener('submit', stop, true);

  if (isTagging) {
    var marked = null;
    var candidate = function (event) { return near(event, '[data-lander-candidate]') || near(event, '[data-lander-element]'); };
    window.addEventListener('mouseover', function (event) {
      if (marked) marked.removeAttribute('data-lander-hover');
      marked = candidate(event);
      if (marked) marked.setAttribute('data-lander-hover', '');
    }, true);
    ['mousedown', 'mouseup', 'dblclick'].forEach(function (kind) {  // kept from the page; the preview still gets the focus
      window.addEventListener(kind, function (event) { event.stopImmediatePropagation(); }, true);
    });
    window.addEventListener('auxclick', stop, true);
    window.addEventListener('click', function (event) {
      stop(event);
      var element = candidate(event);
      if (!element) return;
      var text = (element.textContent || element.getAttribute('alt') || '').replace(/\s+/g, ' ').trim().slice(0, 90);
      say({type: 'pick', element: Number(element.getAttribute('data-lander-element')), name: element.localName, text: text});
    }, true);
    hear({hello: report, picked: function (said) {
      all('[data-lander-picked]', function (element) { element.removeAttribute('data-lander-picked'); });
      (said.elements || []).forEach(function (number) {
        all('[data-lander-element="' + Number(number) + '"]', function (element) {
          element.setAttribute('data-lander-picked', '');
        });
      });
    }});
    report();
    return;
  }

  var places = {}, shown = {}, active = null;
  var key = function (region, part) { return region + ' ' + part; };
  var ownTexts = function (element) {
    return Array.prototype.filter.call(element.childNodes, function (node) {
      return node.nodeType === 3 && /[^\t\n\f\r \u00a0]/.test(node.data);
    });
  };
  var read = function () {
    all('[data-lander-parts]', function (element) {
      JSON.parse(element.getAttribute('data-lander-parts')).forEach(function (item) {
        var place = {element: element, region: item[0], part: item[1], how: item[2], name: item[3]};
        place.inline = item[4];
        place.keepsSpace = item[5];
        if (place.how === 'text') place.node = ownTexts(element)[place.name] || null;
        place.hasHardSpaces = element.textContent.indexOf('\u00a0') >= 0;
        places[key(place.region, place.part)] = place;
      });
    });
    all('[data-lander-was]', function (element) {
      var was = JSON.parse(element.getAttribute('data-lander-was'));
      Object.keys(was).forEach(function (name) { shown[name + ' ' + was[name]] = element.getAttribute(name); });
    });
  };
  var stands = function (place) {  // alone in its element, where a caret can go
    return place.how === 'text' && place.element.childElementCount === 0
      && !place.element.closest('button, label, select, textarea, title, summary');
  };
  var isEditable = function (place) { return place.how === 'content' || stands(place); };
  var written = function (place) {
    if (place.how === 'text') {
      var text = place.element.textContent;
      if (!place.hasHardSpaces) text = text.replace(/\u00a0/g, ' ');  // browsers type them where a space would fold
      return place.keepsSpace ? text : text.replace(/[\t\n\f\r ]+/g, ' ').replace(/^ | $/g, '');
    }
    // a document that loads nothing: addresses of the source mean nothing here
    var copy = d.implementation.createHTMLDocument('').importNode(place.element, true);
    all('[data-lander-was]', function (element) {
      var was = JSON.parse(element.getAttribute('data-lander-was'));
      Object.keys(was).forEach(function (name) { element.setAttribute(name, was[name]); });
      element.removeAttribute('data-lander-was');
    }, copy);
    var texts = d.createTreeWalker(copy, NodeFilter.SHOW_TEXT);
    while (!place.hasHardSpaces && texts.nextNode()) texts.currentNode.data = texts.currentNode.data.replace(/\u00a0/g, ' ');
    return copy.innerHTML;
  };
  var show = function (place, value) {
    var element = place.element;
    if (place.how === 'attribute') {
      if (place.name === 'href') return;
      if (place.name === 'src') {
        element.removeAttribute('srcset');
        all('source', function (source) { source.remove(); }, element.closest('picture') || element);
      }
      element.setAttribute(place.name, value);
    } else if (place.how === 'content') {
      var holder = d.implementation.createHTMLDocument('').createElement('div');
      holder.innerHTML = value;
      all('*', function (inner) {
        var was = {};
        ['href', 'src', 'srcset', 'style'].forEach(function (name) {
          var address = inner.getAttribute(name);
          if (address === null) return;
          was[name] = address;
          var known = shown[name + ' ' + address];
          if (known) inner.setAttribute(name, known);
        });
        inner.setAttribute('data-lander-was', JSON.stringify(was));
      }, holder);
      element.replaceChildren.apply(element, Array.prototype.slice.call(d.importNode(holder, true).childNodes));
    } else if (stands(place)) {
      element.textContent = value;
    } else {
      if (!place.node || !element.contains(place.node)) {
        if (ownTexts(element).length) return;  // a script of the page has rebuilt it
        place.node = element.appendChild(d.createTextNode(''));
      }
      place.node.data = place.node.data.replace(/^([\t\n\f\r ]*)[\s\S]*?([\t\n\f\r ]*)$/, function (_, before, after) {
        return before + value + after;
      });
    }
  };
  var placeOf = function (event) {
    var region = near(event, '[data-lander-region]');
    if (!region) return null;
    var number = Number(region.getAttribute('data-lander-region'));
    var holder = near(event, '[data-lander-parts]') || region.querySelector('[data-lander-parts]') || region;
    var here = Object.keys(places).map(function (name) { return places[name]; }).filter(function (place) {
      return place.region === number && place.how !== 'attribute' && place.element === holder;
    });
    return here[0] || Object.keys(places).map(function (name) { return places[name]; }).filter(function (place) {
      return place.region === number;
    })[0] || null;
  };
  var leave = function () {
    if (active) active.element.removeAttribute('contenteditable');
    active = null;
  };
  var enter = function (place) {
    if (active === place) return;
    leave();
    active = place;
    place.element.setAttribute('contenteditable', place.how === 'text' ? 'plaintext-only' : 'true');
    if (!place.element.isContentEditable) place.element.setAttribute('contenteditable', 'true');  // an older browser
  };
  window.addEventListener('mousedown', function (event) {
    var place = placeOf(event);
    if (!place) return leave();
    event.stopImmediatePropagation();
    if (isEditable(place)) enter(place); else leave();  // before the browser puts the caret where the click is
  }, true);
  window.addEventListener('click', function (event) {
    var place = placeOf(event);
    if (place) {
      stop(event);
      say({type: 'focus', region: place.region, part: place.part, here: isEditable(place)});
    } else if (near(event, 'a[href]:not([href^="#"])')) {
      event.preventDefault();  // a link would lead away from what is being edited
    }
  }, true);
  window.addEventListener('input', function (event) {
    if (!active || !active.element.contains(event.target)) return;
    event.stopImmediatePropagation();
    say({type: 'input', region: active.region, part: active.part, value: written(active)});
  }, true);
  window.addEventListener('keydown', function (event) {
    if (!active || !active.element.contains(event.target)) return;
    event.stopImmediatePropagation();
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      say({type: 'leave'});
    } else if (event.key === 'Escape' || (event.key === 'Enter' && active.how === 'text')) {
      event.preventDefault();
      active.element.blur();
      leave();
    } else if (event.key === 'Enter' && active.inline) {
      event.preventDefault();
      d.execCommand('insertLineBreak');
    }
  }, true);
  whenRead(read);
  hear({
    hello: report,
    set: function (said) {
      var place = places[key(said.region, said.part)];
      if (place && typeof said.value === 'string') show(place, said.value);
    },
    show: function (said) {
      all('[data-lander-shown]', function (element) { element.removeAttribute('data-lander-shown'); });
      all('[data-lander-region="' + Number(said.region) + '"]', function (element) {
        element.setAttribute('data-lander-shown', '');
        if (said.scroll) element.scrollIntoView({block: 'center'});
      });
    }
  });
  report();
})();
"""
