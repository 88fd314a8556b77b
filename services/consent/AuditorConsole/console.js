// Makes the pages quicker to use, and checks proofs where the reader need not believe the server. Every page works without it.
document.documentElement.classList.add('scripted');

const picture = document.getElementById('timeline');
const slider = document.getElementById('at');
if (picture && slider) replay();
if (document.getElementById('proof')) verify();

function replay() {
  const { from, until, width } = Object.fromEntries(Object.entries(picture.dataset).map(([name, value]) => [name, Number(value)]));
  const places = Number(slider.max);
  const [veil, playhead, shown, moment] = ['veil', 'playhead', 'shown', 'moment'].map((id) => document.getElementById(id));
  const clocks = document.getElementById('clocks');
  const reading = new URLSearchParams(location.search).get('reading');
  let asked = new URLSearchParams(location.search);
  if (asked.has('at')) asked.set('knownAt', clocks.knownAt.value && `${clocks.knownAt.value}Z`);
  let waiting = 0;
  let running = new AbortController();

  const tenths = (number) => Number(number.toFixed(1));
  const instant = (ms) => new Date(ms).toISOString();
  const words = (ms) => new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 }).format(ms).replace('Sept', 'Sep');

  // The server draws the same for the same moment; this only moves what it drew.
  function show(knownAt, asOf) {
    const known = knownAt ?? until;
    const x = (Math.min(Math.max(Math.min(known, asOf ?? until) - from, 0), until - from) / (until - from)) * width;
    playhead.setAttribute('transform', `translate(${tenths(x)} 0)`);
    veil.setAttribute('x', tenths(x));
    veil.setAttribute('width', tenths(width - x));
    shown.value = `${words(known)} UTC`;
    slider.setAttribute('aria-valuetext', shown.value);
    for (const act of document.querySelectorAll('[data-recorded]')) act.classList.toggle('later', Number(act.dataset.recorded) > known);
  }

  function ask(changes, delay = 0) {
    for (const [name, value] of Object.entries(changes)) {
      if (value) asked.set(name, value);
      else asked.delete(name);
    }
    asked.delete('at');
    asked.set('reading', reading);
    clearTimeout(waiting);
    waiting = setTimeout(load, delay);
  }

  async function load() {
    running.abort();
    running = new AbortController();
    try {
      const answer = await fetch(`${location.pathname}/moment?${asked}`, { signal: running.signal });
      // Whatever is refused, the page itself says why.
      if (!answer.ok || answer.redirected) return location.assign(`${location.pathname}?${asked}`);
      const part = new DOMParser().parseFromString(await answer.text(), 'text/html');
      const focused = moment.contains(document.activeElement) ? document.activeElement.id : '';
      moment.replaceChildren(...part.body.childNodes);
      document.getElementById(focused === 'ask' ? 'answer' : focused)?.focus();
      history.replaceState(null, '', `?${asked}`);
      document.documentElement.dataset.replayed = asked.get('knownAt') ?? 'all';
    } catch (fault) {
      if (fault.name !== 'AbortError') throw fault;
    }
  }

  const millis = (field) => (field.value ? Date.parse(`${field.value}Z`) : undefined);

  function replayTo(knownAt, delay) {
    clocks.knownAt.value = knownAt === undefined ? '' : instant(knownAt).slice(0, -1);
    show(knownAt, millis(clocks.asOf));
    ask({ knownAt: knownAt === undefined ? '' : instant(knownAt) }, delay);
  }

  slider.addEventListener('input', () => {
    const place = Number(slider.value);
    replayTo(place === places ? undefined : Math.trunc(from + ((until - from) * place) / places), 120);
  });

  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (form.id !== 'clocks' && form.id !== 'question' && form.id !== 'slider') return;
    event.preventDefault();
    if (form.id === 'question') return ask({ purpose: form.purpose.value, channel: form.channel.value, recipient: form.recipient.value });
    if (form.id === 'slider') return;
    const knownAt = millis(clocks.knownAt);
    slider.value = knownAt === undefined ? places : Math.round(((knownAt - from) / (until - from)) * places);
    show(knownAt, millis(clocks.asOf));
    ask({ knownAt: knownAt === undefined ? '' : instant(knownAt), asOf: clocks.asOf.value && `${clocks.asOf.value}Z` });
  });

  document.addEventListener('click', (event) => {
    const step = event.target.closest('.steps a');
    if (!step || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const at = new URL(step.href).searchParams.get('knownAt');
    const knownAt = at ? Date.parse(`${at}Z`) : undefined;
    slider.value = knownAt === undefined ? places : Math.round(((knownAt - from) / (until - from)) * places);
    if (knownAt === undefined) {
      clocks.asOf.value = '';
      asked.delete('asOf');
    }
    replayTo(knownAt);
  });
}

// What is shown is what is hashed: bytes, facts, path and note are taken from the page as its reader sees them.
async function verify() {
  const { index, key } = JSON.parse(document.getElementById('proof').dataset.proof);
  const say = (id, good, text) => {
    const line = document.getElementById(id);
    if (!line) return;
    line.className = good === undefined ? 'unknown' : good ? 'good' : 'bad';
    line.querySelector('.by').textContent = text;
  };
  if (!globalThis.crypto?.subtle) return ['leaf', 'facts', 'root', 'signature'].forEach((id) => say(id, undefined, 'This browser computes nothing on a page that came without HTTPS.'));

  const told = (id) => document.getElementById(id)?.textContent;
  const bytes = (hex) => Uint8Array.from(hex.match(/../g), (byte) => Number.parseInt(byte, 16));
  const base64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const hash = async (...parts) => new Uint8Array(await crypto.subtle.digest('SHA-256', await new Blob(parts).arrayBuffer()));
  const same = (one, other) => one.length === other.length && one.every((byte, i) => byte === other[i]);

  const entry = bytes(told('entry-bytes'));
  const leaf = await hash(Uint8Array.of(0), entry);
  say('leaf', same(leaf, bytes(told('leaf-hash'))), 'Recomputed in this browser from the entry’s bytes.');

  if (told('salt')) {
    const commitment = await hash(bytes(told('salt')), new TextEncoder().encode(told('canonical')));
    say('facts', same(commitment, entry.slice(85, 117)), 'Recomputed in this browser from salt and facts.');
  }

  const note = told('note');
  if (!note) return;
  const [, size, root] = note.split('\n');
  const path = Array.from(document.querySelectorAll('.beside'), (one) => bytes(one.textContent));
  const computed = await climb(leaf, BigInt(index), BigInt(size), path, hash);
  say('root', computed !== null && same(computed, base64(root)), 'Recomputed in this browser along the path, and held against the checkpoint.');

  try {
    const signatures = note.split('\n').filter((line) => line.startsWith(`— ${key.name} `)).map((line) => base64(line.split(' ').at(-1)));
    const own = signatures.find((s) => same(s.slice(0, 4), bytes(key.id)));
    const publicKey = await crypto.subtle.importKey('raw', bytes(key.publicKey), { name: 'Ed25519' }, false, ['verify']);
    const text = new TextEncoder().encode(note.slice(0, note.indexOf('\n\n') + 1));
    say('signature', own !== undefined && (await crypto.subtle.verify('Ed25519', publicKey, own.slice(4), text)), 'Verified in this browser.');
  } catch (fault) {
    if (fault.name !== 'NotSupportedError') throw fault;
    say('signature', undefined, 'This browser knows no Ed25519; the server verified it.');
  }
}

// RFC 9162, section 2.1.3.2: from the leaf to the root, or null where the path has the wrong length.
async function climb(leaf, index, size, path, hash) {
  let [node, fn, sn] = [leaf, index, size - 1n];
  if (index >= size) return null;
  for (const sibling of path) {
    if (sn === 0n) return null;
    if (fn & 1n || fn === sn) {
      node = await hash(Uint8Array.of(1), sibling, node);
      while (!(fn & 1n) && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      node = await hash(Uint8Array.of(1), node, sibling);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  return sn === 0n ? node : null;
}
