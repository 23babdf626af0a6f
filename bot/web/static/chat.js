/* 小格 居民对话页。只用 ES5 语法和 XMLHttpRequest，老微信内置浏览器也能跑。
   所有文字都用 textContent 写入，从不拼 HTML。 */
(function () {
  'use strict';

  var WAIT = 20;                       // 长轮询秒数
  var MAX_BYTES = 10 * 1024 * 1024;
  var MAX_SIDE = 1600;
  var SIZES = ['标准', '大', '更大', '最大'];
  var root = document.documentElement;

  function $(id) { return document.getElementById(id); }
  var app = $('app'), scroller = $('scroll'), log = $('log'), hint = $('hint'), typing = $('typing'),
    choices = $('choices'), reading = $('reading'), more = $('more'), net = $('net'), note = $('note'), ask = $('ask'),
    form = $('form'), text = $('text'), mic = $('mic'), pic = $('pic'), loc = $('loc'), file = $('file');

  /* ---------- 小工具 ---------- */
  var memory = {};
  function load(key) {
    try { var v = window.localStorage.getItem('xg.' + key); if (v !== null) { return v; } } catch (e) { /* 隐私模式 */ }
    return memory.hasOwnProperty(key) ? memory[key] : null;
  }
  function save(key, value) {
    memory[key] = value;
    try { window.localStorage.setItem('xg.' + key, value); } catch (e) { /* 只存内存 */ }
  }
  function make(tag, cls, words) {
    var el = document.createElement(tag);
    if (cls) { el.className = cls; }
    if (words !== undefined) { el.textContent = words; }
    if (tag === 'button') { el.type = 'button'; }
    return el;
  }
  function empty(el) { while (el.firstChild) { el.removeChild(el.firstChild); } }
  function drop(el) { if (el && el.parentNode) { el.parentNode.removeChild(el); } }
  function uuid() {
    var b = [], i, c = window.crypto || window.msCrypto;
    if (c && c.getRandomValues) { b = c.getRandomValues(new Uint8Array(16)); }
    else { for (i = 0; i < 16; i++) { b.push(Math.floor(Math.random() * 256)); } }
    b[6] = (b[6] & 15) | 64; b[8] = (b[8] & 63) | 128;
    var s = '';
    for (i = 0; i < 16; i++) {
      if (i === 4 || i === 6 || i === 8 || i === 10) { s += '-'; }
      s += (b[i] + 256).toString(16).slice(1);
    }
    return s;
  }
  var noteTimer = 0;
  function tell(words) {
    clearTimeout(noteTimer);
    keepBottom(function () { note.textContent = words; });
    if (words) { noteTimer = setTimeout(function () { tell(''); }, 9000); }
  }
  function request(method, url, body, timeout, done) {
    var x = new XMLHttpRequest(), over = false;
    function end(status) {
      if (over) { return; }
      over = true;
      var data = null;
      try { data = JSON.parse(x.responseText); } catch (e) { /* 不是 JSON */ }
      done(status, data);
    }
    x.open(method, url, true);
    x.timeout = timeout;
    x.onload = function () { end(x.status); };
    x.onerror = x.ontimeout = function () { end(0); };
    x.setRequestHeader('Accept', 'application/json');
    if (method === 'GET') { x.setRequestHeader('Cache-Control', 'no-cache'); }
    if (typeof body === 'string') { x.setRequestHeader('Content-Type', 'application/json'); }
    try { x.send(body || null); } catch (e) { setTimeout(function () { end(0); }, 0); }
    return { stop: function () { over = true; x.abort(); } };
  }

  /* ---------- 滚动 ---------- */
  function nearBottom() { return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 100; }
  var atEnd = true;                    // 高度变了（键盘弹出）之后还能知道原来是不是在最底下
  function toBottom() { scroller.scrollTop = scroller.scrollHeight; more.hidden = true; atEnd = true; }
  function keepBottom(change) { var stick = nearBottom(); change(); if (stick) { toBottom(); } }
  // 新话太长时停在开头，让人从头看起，再给一个「往下看」
  function showFrom(el) {
    var top = el.getBoundingClientRect().top - scroller.getBoundingClientRect().top + scroller.scrollTop - 10;
    if (scroller.scrollHeight - top > scroller.clientHeight) {
      scroller.scrollTop = top;
      more.hidden = nearBottom();
    } else { toBottom(); }
  }
  scroller.addEventListener('scroll', function () { atEnd = nearBottom(); if (atEnd) { more.hidden = true; } });
  more.addEventListener('click', function () {
    // 一屏一屏往下，不跳过没看的
    var step = Math.max(120, scroller.clientHeight - 90);
    scroller.scrollTop += step;
    more.hidden = nearBottom();
    if (more.hidden) { scroller.focus(); }
  });

  /* ---------- 字号、高对比 ---------- */
  var size = Math.min(3, Math.max(0, parseInt(load('fs'), 10) || 0));
  var contrast = load('hc');
  if (contrast === null) { contrast = window.matchMedia && window.matchMedia('(prefers-contrast: more)').matches ? '1' : '0'; }
  function look() {
    var c = root.classList, i;
    for (i = 2; i <= 4; i++) { c.remove('fs' + i); }
    if (size) { c.add('fs' + (size + 1)); }
    c[contrast === '1' ? 'add' : 'remove']('hc');
    $('fs').setAttribute('aria-label', '字号：' + SIZES[size] + '，点一下' + (size < 3 ? '变大' : '变回标准'));
    $('hc').setAttribute('aria-pressed', contrast === '1' ? 'true' : 'false');
    grow();
  }
  $('fs').addEventListener('click', function () {
    size = (size + 1) % 4;
    save('fs', String(size));
    keepBottom(function () { look(); tell('字号：' + SIZES[size] + (size < 3 ? '（再点还能变）' : '（再点变回标准）')); });
  });
  // 居民说「字大一点」：大一级，到最大为止
  function enlarge() {
    if (size >= 3) { tell('字已经是最大的了。'); return; }
    size++;
    save('fs', String(size));
    keepBottom(function () { look(); tell('字号：' + SIZES[size]); });
  }
  $('hc').addEventListener('click', function () {
    contrast = contrast === '1' ? '0' : '1';
    save('hc', contrast);
    look();
  });

  /* ---------- 可用高度（键盘弹出、iOS） ---------- */
  function fit() {
    var vv = window.visualViewport, h = window.innerHeight;
    if (vv && Math.abs(vv.scale - 1) < 0.02) {
      var covered = h - vv.height > 60;
      app.style.height = covered ? vv.height + 'px' : '';
      if (covered) { h = vv.height; window.scrollTo(0, 0); }
    }
    var kb = document.activeElement === text;
    root.classList[h < 480 ? 'add' : 'remove']('short');
    root.classList[h < 330 ? 'add' : 'remove']('tiny');
    root.classList[kb ? 'add' : 'remove']('kb');
    if (atEnd && loaded && spoke) { toBottom(); }
  }
  window.addEventListener('resize', fit);
  if (window.visualViewport) { window.visualViewport.addEventListener('resize', fit); }
  text.addEventListener('focus', function () { setTimeout(fit, 60); });
  text.addEventListener('blur', function () { setTimeout(fit, 160); });

  /* ---------- 朗读 ---------- */
  var RATE = 0.85, PATIENCE = 5000;     // 语速；几毫秒没出声就说一声
  var synth = window.speechSynthesis, canSay = !!(synth && window.SpeechSynthesisUtterance), saying = null,
    turn = 0, startTimer = 0, woken = false,
    kept = [];                          // 有的浏览器会把没人拿着的话丢掉，念一半就停
  if (canSay && synth.getVoices) { synth.getVoices(); }   // 有的浏览器问过一次才去装声音
  function hush() {
    turn++;
    clearTimeout(startTimer);
    if (saying) { saying.classList.remove('on'); saying.textContent = '朗读'; saying = null; }
    if (!reading.hidden) { keepBottom(function () { reading.hidden = true; }); }
    if (canSay) { synth.cancel(); }
  }
  $('hush').addEventListener('click', function () { hush(); scroller.focus(); });
  function cannotSay() {
    tell(/MicroMessenger/i.test(navigator.userAgent) ?
      '微信里念不了。点右上角三个点，选“在浏览器打开”。' :
      '这个浏览器不会念。换手机自带的浏览器试试，或者打12345问。');
  }
  // 苹果手机只让手指点过的页面出声：居民一说「念」，趁这一下先打开
  function wakeVoice(words) {
    if (!canSay || woken || !/[念读]/.test(words)) { return; }
    woken = true;
    var u = new window.SpeechSynthesisUtterance(' ');
    u.volume = 0;
    synth.speak(u);
  }
  function sayText(m) {
    if (m.aloud) { return String(m.aloud); }   // 服务器已经把数字、链接理成能念的
    var s = String(m.text || '').replace(/[①-⑩]/g, function (c) { return (c.charCodeAt(0) - 0x245f) + '，'; });
    if (m.ticket) { s += '\n受理编号，' + String(m.ticket.number || '').replace(/-/g, '，').replace(/(\d)(?=\d)/g, '$1 ') + '。' + (m.ticket.status || '') + '。' + (m.ticket.summary || ''); }
    return s;
  }
  // button 是那句话旁边的「朗读」；byItself：居民说了「念给我听」，没有点
  function say(button, m, byItself) {
    var again = !byItself && !!saying && saying === button;
    hush();
    if (again) { return; }
    if (!canSay) { cannotSay(); return; }
    // 分句念：有的手机念长句会断
    var parts = sayText(m).match(/[^。！？!?\n]+[。！？!?\n]*/g) || [];
    if (!parts.length) { return; }
    var voices = synth.getVoices ? synth.getVoices() : [], voice = null, chinese = false, i;
    for (i = 0; i < voices.length; i++) {
      if (/^(zh|cmn)/i.test(voices[i].lang)) { chinese = true; }
      if (!voice && /^(zh[-_]CN|cmn)/i.test(voices[i].lang)) { voice = voices[i]; }
    }
    if (voices.length && !chinese) { cannotSay(); return; }
    var mine = turn, started = false;
    saying = button;
    if (button) { button.classList.add('on'); button.textContent = '停'; }
    keepBottom(function () { reading.hidden = false; });
    function finish() { if (turn === mine) { hush(); } }
    function silent() {
      if (turn !== mine || started) { return; }
      hush();
      if (byItself && button && voices.length) { tell('没念出来。请点那句话旁边的“朗读”。'); } else { cannotSay(); }
    }
    startTimer = setTimeout(silent, PATIENCE);
    kept = [];
    for (i = 0; i < parts.length; i++) {
      var u = new window.SpeechSynthesisUtterance(parts[i]);
      u.lang = 'zh-CN'; u.rate = RATE;
      if (voice) { u.voice = voice; }
      u.onstart = function () { started = true; };
      if (i === parts.length - 1) { u.onend = finish; }
      u.onerror = function () { silent(); finish(); };
      kept.push(u);
      synth.speak(u);
    }
  }
  window.addEventListener('pagehide', hush);

  /* ---------- 画一条消息 ---------- */
  var recs = [];          // 已有编号的消息 {id, el, from, choices}
  var lastAt = 0;
  function two(n) { return (n < 10 ? '0' : '') + n; }
  function timeLabel(ms) {
    if (!ms || (lastAt && ms - lastAt < 15 * 60000)) { lastAt = ms || lastAt; return ''; }
    lastAt = ms;
    var d = new Date(ms), now = new Date(), y = new Date(now.getTime() - 86400000), h = d.getHours(),
      hm = (h < 6 ? '凌晨 ' : h < 12 ? '上午 ' : h < 18 ? '下午 ' : '晚上 ') + (h > 12 ? h - 12 : h) + ':' + two(d.getMinutes());
    if (d.toDateString() === now.toDateString()) { return '今天' + hm; }
    if (d.toDateString() === y.toDateString()) { return '昨天' + hm; }
    return (d.getFullYear() === now.getFullYear() ? '' : d.getFullYear() + '年') + (d.getMonth() + 1) + '月' + d.getDate() + '日 ' + hm;
  }
  function copy(words, button) {
    function done(ok) {
      button.textContent = ok ? '已复制' : '没复制成，请抄下编号';
      setTimeout(function () { button.textContent = '复制编号'; }, 4000);
    }
    function old() {
      var t = make('textarea'), ok = false;
      t.value = words; t.setAttribute('readonly', '');
      t.style.position = 'fixed'; t.style.opacity = '0'; t.style.top = '0';
      document.body.appendChild(t);
      t.select();
      try { t.setSelectionRange(0, words.length); ok = document.execCommand('copy'); } catch (e) { ok = false; }
      drop(t);
      button.focus();
      done(ok);
    }
    if (navigator.clipboard && navigator.clipboard.writeText) {
      navigator.clipboard.writeText(words).then(function () { done(true); }, old);
    } else { old(); }
  }
  function ticketCard(t) {
    var card = make('div', 'ticket'), top = make('div', 'tk-top'), number = String(t.number || ''), b = make('button', '', '复制编号');
    top.appendChild(make('span', '', '受理编号'));
    if (t.status) { top.appendChild(make('span', 'tk-st', String(t.status))); }
    card.appendChild(top);
    card.appendChild(make('p', 'tk-no', number));
    if (t.summary) { card.appendChild(make('p', 'tk-sum', String(t.summary))); }
    b.addEventListener('click', function () { copy(number, b); });
    card.appendChild(b);
    return card;
  }
  function picture(src, mine, link) {
    var box = make(link ? 'a' : 'span', 'pic'), img = make('img');
    if (link) { box.href = src; box.target = '_blank'; box.rel = 'noopener'; }
    img.alt = mine ? '您发的照片' : '小格发的照片';
    img.onload = function () { if (scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 360 && more.hidden) { toBottom(); } };
    img.onerror = function () { drop(img); box.textContent = '［照片］'; };
    img.src = src;
    box.appendChild(img);
    return box;
  }
  function build(m) {
    var mine = m.from === 'me', el = make('div', 'msg ' + (mine ? 'me' : 'bot')), body = make('div', 'body'), label, b;
    label = timeLabel(m.at ? Date.parse(m.at) : 0);
    if (label) { el.appendChild(make('p', 'time', label)); }
    body.appendChild(make('span', 'sr', mine ? '您说：' : '小格说：'));
    if (m.text) { body.appendChild(make('div', 'txt', String(m.text))); }
    if (m.blobUrl) { body.appendChild(picture(m.blobUrl, mine, false)); }
    else if (typeof m.photo === 'string' && /^\/[^\/\\]/.test(m.photo)) { body.appendChild(picture(m.photo, mine, true)); }
    if (m.photo || m.blobUrl) { body.classList.add('haspic'); }
    if (m.ticket) { body.appendChild(ticketCard(m.ticket)); body.classList.add('hastk'); }
    el.appendChild(body);
    if (!mine && canSay && (m.text || m.ticket || m.aloud)) {
      b = make('button', 'say', '朗读');
      b.setAttribute('aria-label', '朗读这段话');
      b.addEventListener('click', function () { say(b, m); });
      el.appendChild(b);
    }
    return el;
  }
  // 按编号放好；还没编号的（正在发送）总在最后
  function place(el, id) {
    var i, rec, before = null;
    for (i = 0; i < recs.length; i++) { if (recs[i].id > id) { before = recs[i].el; break; } }
    if (!before) {
      for (i = 0; i < outbox.length; i++) {
        rec = outbox[i];
        if (!rec.id && rec.el !== el && rec.el && rec.el.parentNode === log) { before = rec.el; break; }
      }
    }
    if (el.parentNode === log && el.nextSibling === before) { return; }
    log.insertBefore(el, before);
  }
  function find(id) {
    for (var i = recs.length - 1; i >= 0; i--) { if (recs[i].id === id) { return recs[i]; } }
    return null;
  }
  function enlist(rec) {
    var i = recs.length;
    while (i > 0 && recs[i - 1].id > rec.id) { i--; }
    recs.splice(i, 0, rec);
  }

  /* ---------- 发送 ---------- */
  // item: {cid, kind:'text'|'photo'|'location', text, t, after, state:'wait'|'going'|'failed'|'sent', id, el, stateEl}
  var outbox = [], seen = {}, busy = {}, loaded = false, lastId = 0, spoke = false;
  function saveOutbox() {
    var keep = [], i, it;
    for (i = 0; i < outbox.length; i++) {
      it = outbox[i];
      if (it.kind === 'text' && it.state !== 'sent') { keep.push({ cid: it.cid, text: it.text, t: it.t, after: it.after }); }
    }
    save('outbox', JSON.stringify(keep));
  }
  function forget(item) {
    var i = outbox.indexOf(item);
    if (i >= 0) { outbox.splice(i, 1); }
    saveOutbox();
  }
  function queue(item) {
    item.cid = item.cid || uuid();
    item.t = item.t || new Date().getTime();
    if (item.after === undefined) { item.after = lastId; }
    item.state = item.state || 'wait';
    item.el = build({ from: 'me', text: item.kind === 'location' ? '［我的位置］' : item.text, blobUrl: item.url, at: new Date(item.t).toISOString() });
    item.stateEl = make('div', 'state');
    item.el.appendChild(item.stateEl);
    outbox.push(item);
    log.appendChild(item.el);
    spoke = true;
    showState(item);
    saveOutbox();
    refresh();
    toBottom();
    pump();
  }
  function showState(item) {
    var box = item.stateEl, b;
    empty(box);
    if (item.state === 'wait' || item.state === 'going') { box.textContent = '正在发送…'; }
    if (item.state !== 'failed') { return; }
    if (item.error) { box.appendChild(make('p', '', item.error)); }
    if (item.kind === 'text') {
      b = make('button', '', '改一改');
      b.setAttribute('aria-label', '把这句话放回输入框，改一改');
      b.addEventListener('click', function () {
        drop(item.el); forget(item);
        setDraft(text.value.replace(/\s/g, '') ? item.text + '\n' + text.value : item.text);
        refresh();
        text.focus();
      });
      box.appendChild(b);
    }
    b = make('button', '', '没发出去，点这里再发');
    b.addEventListener('click', function () {
      item.state = 'wait'; item.error = ''; item.tries = 0; item.t = new Date().getTime();
      showState(item); refresh(); scroller.focus(); pump();
    });
    box.appendChild(b);
  }
  // 文字和位置按先后一条一条发；照片慢，另走一路
  function pump() { lane(false); lane(true); }
  function lane(photos) {
    if (busy[photos]) { return; }
    for (var i = 0; i < outbox.length; i++) {
      if (outbox[i].state === 'wait' && (outbox[i].kind === 'photo') === photos) { send(outbox[i], photos); return; }
    }
  }
  function send(item, photos) {
    var url = '/chat/messages', body, timeout = 15000;
    busy[photos] = true;
    item.state = 'going';
    if (item.kind === 'photo') {
      url = '/chat/photos'; timeout = 90000;
      body = new FormData();
      body.append('client_id', item.cid);
      body.append('file', item.blob, item.name);
    } else if (item.kind === 'location') {
      url = '/chat/location';
      body = JSON.stringify({ client_id: item.cid, lat: item.lat, lng: item.lng });
    } else { body = JSON.stringify({ client_id: item.cid, text: item.text }); }
    request('POST', url, body, timeout, function (status, data) {
      busy[photos] = false;
      if (item.id) { /* 轮询已经先看到它了 */ }
      else if (status >= 200 && status < 300) { accepted(item, data && typeof data.id === 'number' ? data.id : 0); }
      else if (status >= 400 && status < 500 && status !== 408) { failed(item, data && typeof data.error === 'string' ? data.error : ''); }
      else {
        item.tries = (item.tries || 0) + 1;
        if (item.tries < 2) {
          busy[photos] = true;
          setTimeout(function () { busy[photos] = false; if (!item.id && item.state === 'going') { item.state = 'wait'; } pump(); }, 2000);
          return;
        }
        item.offline = true;
        failed(item, '');
      }
      pump();
    });
  }
  function failed(item, words) {
    item.state = 'failed'; item.error = words;
    keepBottom(function () { showState(item); refresh(); });
    if (!nearBottom()) { tell('有一句没发出去，往下看，点那句下面的按钮再发。'); }
  }
  function accepted(item, id) {
    item.state = 'sent'; item.offline = false;
    showState(item);
    // 收件箱里看到它才定位置；已经看到过的（重发、刷新）就不留第二份
    var twin = seen[item.cid] || (id && find(id));
    item.posted = id;
    if (twin && (twin === true || (twin.from === 'me' && flat(twin.text) === flat(item.text)))) { drop(item.el); forget(item); }
    else { saveOutbox(); }
    setTyping(true);
    refresh();
  }
  // 把本地的一条和服务器上的编号对上
  function adopt(item, id) {
    item.id = id; item.state = 'sent';
    drop(item.stateEl);
    place(item.el, id);
    enlist({ id: id, el: item.el, from: 'me', text: item.text });
    forget(item);
  }
  function flat(s) { return String(s || '').replace(/\s+/g, ' ').replace(/^ | $/g, ''); }
  function matchOutbox(m, first) {
    var pass, i, it;
    for (i = 0; i < outbox.length; i++) {
      it = outbox[i];
      if (m.client_id ? it.cid === m.client_id : it.posted === m.id) { return it; }
    }
    if (m.client_id || first) { return null; }
    for (pass = 0; pass < 2; pass++) {
      for (i = 0; i < outbox.length; i++) {
        it = outbox[i];
        if ((it.state === 'failed') !== (pass === 1) || it.state === 'wait') { continue; }
        if (it.kind === 'text' ? !m.photo && flat(it.text) === flat(m.text) : it.kind === 'photo' && !!m.photo) { return it; }
      }
    }
    if (!m.photo) { for (i = 0; i < outbox.length; i++) { if (outbox[i].kind === 'location' && outbox[i].state === 'sent') { return outbox[i]; } } }
    return null;
  }
  function retryOffline() {
    var now = new Date().getTime(), i, it;
    for (i = 0; i < outbox.length; i++) {
      it = outbox[i];
      if (it.state === 'failed' && it.offline && now - it.t < 600000) { it.state = 'wait'; it.offline = false; it.tries = 0; showState(it); }
    }
    pump();
  }

  /* ---------- 收消息 ---------- */
  function receive(data) {
    var first = !loaded, stick = first || nearBottom(), fresh = null, grew = false, loud = null, i, m, item, el;
    for (i = 0; i < data.messages.length; i++) {
      m = data.messages[i];
      if (!m || typeof m.id !== 'number') { continue; }
      if (m.id > lastId) { lastId = m.id; }
      if (m.from === 'me') { spoke = true; }
      if (find(m.id)) { continue; }
      if (m.client_id) { seen[m.client_id] = true; }
      item = m.from === 'me' ? matchOutbox(m, first) : null;
      if (item) { adopt(item, m.id); continue; }
      el = build(m);
      place(el, m.id);
      enlist({ id: m.id, el: el, from: m.from, text: m.text, choices: m.choices });
      if (m.from !== 'me') {
        if (!fresh) { fresh = el; }
        if (!first && m.bigger) { grew = true; }
        if (!first && m.aloud) { loud = { message: m, button: el.querySelector('.say') }; }
      }
    }
    loaded = true;
    setTyping(!!data.typing);
    refresh();
    if (first) {
      $('loading').hidden = true;
      if (spoke) { toBottom(); } else { scroller.scrollTop = 0; more.hidden = nearBottom(); }
      setTimeout(function () { log.setAttribute('aria-live', 'polite'); }, 300);
    } else if (fresh) {
      if (grew) { enlarge(); }
      if (stick) { showFrom(fresh); } else { more.hidden = false; }
      if (loud) { say(loud.button, loud.message, true); }
    }
  }
  var typingTimer = 0;
  function setTyping(on) {
    clearTimeout(typingTimer);
    keepBottom(function () { typing.hidden = !on; });
    if (on) { typingTimer = setTimeout(function () { typing.hidden = true; }, 60000); }
  }
  // 第一次来的提示、最新一条话下面的按钮
  function refresh() {
    var last = recs.length ? recs[recs.length - 1] : null, list = [], i, b, wide = false, had = choices.contains(document.activeElement);
    hint.hidden = spoke || !loaded;
    $('hint-hi').hidden = recs.length > 0;
    if (last && last.from !== 'me' && Object.prototype.toString.call(last.choices) === '[object Array]') { list = last.choices; }
    for (i = 0; i < outbox.length; i++) { if (last && outbox[i].after >= last.id) { list = []; } }
    var key = list.length ? last.id + '|' + list.join('|') : '';
    if (choices.getAttribute('data-key') === key) { return; }
    choices.setAttribute('data-key', key);
    empty(choices);
    for (i = 0; i < list.length; i++) {
      b = make('button', '', String(list[i]));
      if (String(list[i]).length > 7) { wide = true; }
      b.addEventListener('click', pick(String(list[i])));
      choices.appendChild(b);
    }
    choices.className = wide ? 'wide' : '';
    choices.hidden = !list.length;
    if (had) { scroller.focus(); }
  }
  function pick(words) {
    return function () { hush(); wakeVoice(words); scroller.focus(); queue({ kind: 'text', text: words }); };
  }

  var fails = 0, live = null, timer = 0;
  function poll() {
    clearTimeout(timer);
    if (live || (document.hidden && loaded)) { return; }
    var began = new Date().getTime();
    live = request('GET', '/chat/messages?after=' + lastId + '&wait=' + (loaded && !fails ? WAIT : 0), null, (WAIT + 15) * 1000, function (status, data) {
      live = null;
      if (status >= 200 && status < 300 && data && data.messages && data.messages.length !== undefined) {
        if (fails) { fails = 0; keepBottom(function () { empty(net); }); retryOffline(); }
        receive(data);
        var quick = !data.messages.length && new Date().getTime() - began < 1000;
        timer = setTimeout(poll, quick ? 1000 : 0);
        return;
      }
      fails++;
      keepBottom(function () { trouble(status); });
      // 1、2、4、8、16、30 秒，略带随机，免得大家一起挤
      timer = setTimeout(poll, Math.min(30, Math.pow(2, fails - 1)) * 1000 * (0.8 + Math.random() * 0.4));
    });
  }
  function trouble(status) {
    if (status === 401 || status === 403) {
      if (net.querySelector('button')) { return; }
      empty(net);
      var b = make('button', '', '页面放太久了，点这里重新打开');
      b.addEventListener('click', function () { window.location.reload(); });
      net.appendChild(b);
    } else if (net.textContent !== '网络不太好，正在重连…') { net.textContent = '网络不太好，正在重连…'; }
  }
  function wake() {
    if (live) { live.stop(); live = null; }
    poll();
  }
  window.addEventListener('online', wake);
  window.addEventListener('pageshow', function (e) { if (e.persisted) { wake(); } });
  document.addEventListener('visibilitychange', function () { if (!document.hidden) { wake(); } else { stopMic(); } });

  /* ---------- 输入框 ---------- */
  function grow() {
    text.style.height = '';
    text.style.overflowY = '';
    if (!text.value) { return; }
    var h = text.scrollHeight + 4;
    if (h > text.offsetHeight) { text.style.height = h + 'px'; }
    if (h > text.offsetHeight + 2) { text.style.overflowY = 'auto'; }
  }
  function setDraft(words) { text.value = words; save('draft', words); keepBottom(grow); }
  text.addEventListener('input', function () { save('draft', text.value); keepBottom(grow); });
  var composing = false;
  text.addEventListener('compositionstart', function () { composing = true; });
  text.addEventListener('compositionend', function () { setTimeout(function () { composing = false; }, 0); });
  text.addEventListener('keydown', function (e) {
    if ((e.key === 'Enter' || e.keyCode === 13) && !e.shiftKey && !e.isComposing && !composing && e.keyCode !== 229) {
      e.preventDefault();
      submit();
    }
  });
  form.addEventListener('submit', function (e) { e.preventDefault(); submit(); });
  function submit() {
    var words = text.value.replace(/^\s+|\s+$/g, '');
    stopMic();
    if (!words) { tell('请先在框里打几个字，再点“发送”。'); text.focus(); return; }
    hush();
    wakeVoice(words);
    tell('');
    queue({ kind: 'text', text: words });   // 先存进待发，再清草稿，不会丢
    setDraft('');
    toBottom();
  }
  function example() {
    setDraft(this.textContent);
    text.focus();
    tell('放进框里了，改好点“发送”。');
  }
  var egs = document.querySelectorAll('.eg');
  for (var n = 0; n < egs.length; n++) { egs[n].addEventListener('click', example); }

  /* ---------- 说话转文字 ---------- */
  var Rec = window.SpeechRecognition || window.webkitSpeechRecognition, hearing = null;
  function stopMic() { if (hearing) { try { hearing.stop(); } catch (e) { /* 已停 */ } } }
  function micLook(on) {
    mic.setAttribute('aria-pressed', on ? 'true' : 'false');
    mic.querySelector('span').textContent = on ? '停止' : '说话';
  }
  if (Rec) {
    mic.hidden = false;
    mic.addEventListener('click', function () {
      if (hearing) { stopMic(); return; }
      hush();
      var base = text.value, r = new Rec(), heard = false, told = false;
      r.lang = 'zh-CN'; r.interimResults = true; r.continuous = false;
      r.onresult = function (e) {
        if (hearing !== r) { return; }
        var s = '', i;
        for (i = 0; i < e.results.length; i++) { s += e.results[i][0].transcript; }
        heard = heard || !!s;
        setDraft(base + s);
      };
      r.onerror = function (e) {
        told = true;
        if (e.error === 'not-allowed' || e.error === 'service-not-allowed') { tell('没能打开话筒。请在手机设置里允许使用话筒，或者直接打字。'); }
        else if (e.error === 'no-speech') { tell('没听到声音，请再点“说话”试一次。'); }
        else if (e.error !== 'aborted') { tell('听写没连上。可以用输入法上的话筒说话，或者直接打字。'); }
      };
      r.onend = function () {
        if (hearing === r) { hearing = null; }
        micLook(false);
        if (heard) { tell('说完了，看看对不对，再点“发送”。'); text.focus(); }
        else if (!told) { tell(''); }
      };
      try { r.start(); hearing = r; micLook(true); tell('请说话，我在听…'); }
      catch (e) { tell('听写没打开，请直接打字。'); }
    });
  }

  /* ---------- 照片 ---------- */
  pic.addEventListener('click', function () { file.click(); });
  file.addEventListener('change', function () {
    var f = file.files && file.files[0];
    if (!f) { return; }
    var kind = f.type || (/\.jpe?g$/i.test(f.name) ? 'image/jpeg' : /\.png$/i.test(f.name) ? 'image/png' : /\.webp$/i.test(f.name) ? 'image/webp' : '');
    if (!/^image\/(jpeg|jpg|png|webp)$/.test(kind)) { file.value = ''; tell('这个文件不是照片，请选 JPG、PNG 或 WebP 格式的照片。'); return; }
    tell('正在准备照片…');
    shrink(f, kind, function (blob, name) {
      file.value = '';
      if (!blob || blob.size > MAX_BYTES) { tell('照片太大了（超过 10 MB），请换一张小一点的。'); return; }
      tell('');
      var url = '';
      try { url = (window.URL || window.webkitURL).createObjectURL(blob); } catch (e) { /* 没有预览也能发 */ }
      queue({ kind: 'photo', blob: blob, name: name, url: url, text: url ? '' : '［照片］' });
    });
  });
  function shrink(f, kind, done) {
    var ext = { 'image/png': 'png', 'image/webp': 'webp' }[kind] || 'jpg', url, img = new Image();
    function asIs() { done(f, 'photo.' + ext); }
    try { url = (window.URL || window.webkitURL).createObjectURL(f); } catch (e) { asIs(); return; }
    img.onerror = function () { asIs(); };
    img.onload = function () {
      // 小截图原样发，字更清楚
      if (kind === 'image/png' && f.size < 400 * 1024 && Math.max(img.naturalWidth, img.naturalHeight) <= MAX_SIDE) { asIs(); return; }
      orientation(f, function (o) {
        try {
          var w = img.naturalWidth, h = img.naturalHeight, k = Math.min(1, MAX_SIDE / Math.max(w, h)), c = document.createElement('canvas'), g = c.getContext('2d'), turn = o > 4;
          w = Math.max(1, Math.round(w * k)); h = Math.max(1, Math.round(h * k));
          c.width = turn ? h : w; c.height = turn ? w : h;
          g.fillStyle = '#fff'; g.fillRect(0, 0, c.width, c.height);
          if (o === 3) { g.translate(w, h); g.rotate(Math.PI); }
          if (o === 6) { g.translate(h, 0); g.rotate(Math.PI / 2); }
          if (o === 8) { g.translate(0, w); g.rotate(-Math.PI / 2); }
          g.drawImage(img, 0, 0, w, h);
          var out = function (b) { window.URL && URL.revokeObjectURL(url); if (b && b.size) { done(b, 'photo.jpg'); } else { asIs(); } };
          if (c.toBlob) { c.toBlob(out, 'image/jpeg', 0.85); } else { out(dataBlob(c.toDataURL('image/jpeg', 0.85))); }
        } catch (e) { asIs(); }
      });
    };
    img.src = url;
  }
  function dataBlob(u) {
    var s = atob(u.split(',')[1]), a = new Uint8Array(s.length), i;
    for (i = 0; i < s.length; i++) { a[i] = s.charCodeAt(i); }
    return new Blob([a], { type: 'image/jpeg' });
  }
  // 老浏览器画图时不理会照片方向，自己从 EXIF 里读；新浏览器会自动转正
  function orientation(f, done) {
    if ((window.CSS && CSS.supports && CSS.supports('image-orientation', 'from-image')) || !window.FileReader) { done(1); return; }
    var r = new FileReader();
    r.onerror = function () { done(1); };
    r.onload = function () {
      var o = 1;
      try {
        var v = new DataView(r.result), p = 2;
        while (v.getUint16(0) === 0xffd8 && p + 4 < v.byteLength) {
          var mark = v.getUint16(p), len = v.getUint16(p + 2);
          if (mark === 0xffe1 && v.getUint32(p + 4) === 0x45786966) {
            var t = p + 10, le = v.getUint16(t) === 0x4949, d = t + v.getUint32(t + 4, le), count = v.getUint16(d, le), i;
            for (i = 0; i < count; i++) { if (v.getUint16(d + 2 + i * 12, le) === 0x0112) { o = v.getUint16(d + 10 + i * 12, le); } }
            break;
          }
          if ((mark & 0xff00) !== 0xff00 || mark === 0xffda) { break; }
          p += 2 + len;
        }
      } catch (e) { o = 1; }
      done(o === 3 || o === 6 || o === 8 ? o : 1);
    };
    r.readAsArrayBuffer(f.slice(0, 131072));
  }

  /* ---------- 位置 ---------- */
  function closeAsk() { ask.hidden = true; loc.setAttribute('aria-expanded', 'false'); }
  if (navigator.geolocation && window.isSecureContext !== false) {
    loc.hidden = false;
    loc.addEventListener('click', function () {
      if (!ask.hidden) { closeAsk(); return; }
      keepBottom(function () { ask.hidden = false; loc.setAttribute('aria-expanded', 'true'); });
      $('ask-yes').focus();
    });
    $('ask-no').addEventListener('click', function () { closeAsk(); loc.focus(); });
    ask.addEventListener('keydown', function (e) { if (e.key === 'Escape' || e.keyCode === 27) { closeAsk(); loc.focus(); } });
    $('ask-yes').addEventListener('click', function () {
      closeAsk(); loc.focus();
      tell('正在找您的位置…');
      navigator.geolocation.getCurrentPosition(function (p) {
        tell('');
        queue({ kind: 'location', text: '', lat: p.coords.latitude, lng: p.coords.longitude });
      }, function (e) {
        tell(e && e.code === 1 ? '没得到允许，没发位置。您打字说在哪条路、哪个小区也行。' : '没找到位置。您打字说在哪条路、哪个小区就行。');
      }, { enableHighAccuracy: true, timeout: 20000, maximumAge: 60000 });
    });
  }

  /* ---------- 开始 ---------- */
  text.value = load('draft') || '';
  look();
  fit();
  (function restore() {
    var old = [], i, now = new Date().getTime();
    try { old = JSON.parse(load('outbox') || '[]') || []; } catch (e) { old = []; }
    for (i = 0; i < old.length; i++) {
      if (old[i] && old[i].cid && old[i].text) {
        // 刚才没发完的接着发；放久了的等本人再点
        queue({ kind: 'text', cid: String(old[i].cid), text: String(old[i].text), t: old[i].t, after: old[i].after, state: now - old[i].t < 120000 ? 'wait' : 'failed' });
      }
    }
    lastAt = 0;
  })();
  poll();
})();
