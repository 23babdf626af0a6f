/* 法律帮助页面上锦上添花的几样：读出来、字号、打印、复制和发送链接。没有它页面一样能用。
   只用 ES5 语法，老微信内置浏览器也能跑。 */
(function () {
  'use strict';

  function all(selector) { return Array.prototype.slice.call(document.querySelectorAll(selector)); }
  function one(selector) { return document.querySelector(selector); }

  /* ---------- 字号：在对话页挑过大字的，这里也大 ---------- */
  var root = document.documentElement, chosen = 0;
  if (!/(?:^|; )xiaoge_size=/.test(document.cookie) && !/[?&]size=/.test(location.search)) {
    try { chosen = Math.min(3, 1 + (parseInt(localStorage.getItem('xg.fs'), 10) || 0)); } catch (e) { chosen = 0; }
    if (chosen > 1) {
      root.className = 'fs' + chosen;
      all('[data-size]').forEach(function (a) {
        if (a.getAttribute('data-size') === String(chosen)) { a.setAttribute('aria-current', 'true'); } else { a.removeAttribute('aria-current'); }
      });
    }
  }

  /* ---------- 读给我听 ---------- */
  var synth = window.speechSynthesis, button = one('[data-aloud]');
  var label = button && button.querySelector('span'), words = label && label.textContent, reading = false;
  function hush() {
    reading = false;
    if (synth) { synth.cancel(); }
    if (button) { button.classList.remove('on'); label.textContent = words; }
  }
  function seen(el) { return el.offsetParent !== null; }      // 折着的不读
  function sentences() {
    var found = [];
    all('[data-say]').filter(seen).forEach(function (el) {
      var number = el.querySelector('i'), said = (number ? el.querySelector('span') : el).textContent;
      said = said.replace(/\s+/g, ' ').replace(/\d{3,}/g, function (d) { return d.split('').join(' '); });   // 电话一位一位读
      // 分句念：有的手机念长句会断
      (said.match(/[^。！？!?；]+[。！？!?；]*/g) || []).forEach(function (s, i) {
        found.push(number && i === 0 ? number.textContent + '，' + s : s);
      });
    });
    return found;
  }
  function speak() {
    var parts = sentences(), voices = synth.getVoices ? synth.getVoices() : [], voice = null, i;
    if (!parts.length) { return; }
    for (i = 0; i < voices.length; i++) { if (/^(zh[-_]CN|cmn)/i.test(voices[i].lang)) { voice = voices[i]; break; } }
    synth.cancel();
    reading = true;
    button.classList.add('on');
    label.textContent = button.getAttribute('data-stop');
    parts.forEach(function (part, at) {
      var u = new window.SpeechSynthesisUtterance(part);
      u.lang = 'zh-CN'; u.rate = 0.9;
      if (voice) { u.voice = voice; }
      if (at === parts.length - 1) { u.onend = hush; }
      u.onerror = function (e) { if (e.error !== 'interrupted' && e.error !== 'canceled') { hush(); } };
      synth.speak(u);
    });
  }
  if (button && synth && window.SpeechSynthesisUtterance) {
    button.hidden = false;
    button.addEventListener('click', function () { if (reading) { hush(); } else { speak(); } });
    window.addEventListener('pagehide', hush);
  }

  /* ---------- 打印：折着的依据和回答也印上 ---------- */
  var print = one('[data-print]');
  if (print && window.print) {
    print.hidden = false;
    print.addEventListener('click', function () { window.print(); });
  }
  var opened = [];
  window.addEventListener('beforeprint', function () {
    opened = all('.more details:not([open])').filter(function (d) { return d.querySelector('dl'); });
    opened.forEach(function (d) { d.open = true; });
  });
  window.addEventListener('afterprint', function () { opened.forEach(function (d) { d.open = false; }); opened = []; });

  /* ---------- 链接 ---------- */
  var link = one('[data-link]'), copy = one('[data-copy]'), share = one('[data-share]');
  function copyText(words, done) {
    function old() {
      var range = document.createRange(), chosen = window.getSelection(), ok = false;
      range.selectNodeContents(link);
      chosen.removeAllRanges();
      chosen.addRange(range);
      try { ok = document.execCommand('copy'); } catch (e) { ok = false; }
      done(ok);
    }
    if (navigator.clipboard && navigator.clipboard.writeText) {
      navigator.clipboard.writeText(words).then(function () { done(true); }, old);
    } else { old(); }
  }
  if (link) {
    copy.hidden = false;
    copy.addEventListener('click', function () {
      var before = copy.getAttribute('data-before') || copy.textContent;
      copy.setAttribute('data-before', before);
      copyText(link.href, function (ok) {
        copy.textContent = copy.getAttribute(ok ? 'data-done' : 'data-not');
        setTimeout(function () { copy.textContent = before; }, 5000);
      });
    });
    if (navigator.share) {
      share.hidden = false;
      share.addEventListener('click', function () {
        navigator.share({ title: share.getAttribute('data-share'), url: link.href }).then(null, function () { /* 不发了 */ });
      });
    }
  }
}());
