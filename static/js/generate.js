// The answer of a language model as it comes; then a word of it is chosen, and the server paints what it comes from.
import { remember } from './address.js';
import { heat } from './heat.js';

// Server-sent events of a POST: calls back with the name and the data of each.
async function* events(answer) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    held += value;
    for (let end = held.indexOf('\n\n'); end >= 0; end = held.indexOf('\n\n')) {
      const lines = held.slice(0, end).split('\n');
      held = held.slice(end + 2);
      const name = lines.find((line) => line.startsWith('event: '))?.slice(7) ?? 'message';
      yield [name, JSON.parse(lines.find((line) => line.startsWith('data: ')).slice(6))];
    }
  }
}

const asked = (form, submitter) => {
  const data = new FormData(form, submitter);
  const passages = (data.get('passages') ?? '').split('\n---\n').map((each) => each.trim()).filter(Boolean);
  const number = (name, usual) => Number(data.get(name) || usual);
  return {
    text: data.get('text'), stream: true, ...(data.get('model') && { model: data.get('model') }), ...(data.get('system') && { system: data.get('system') }),
    ...(passages.length && { passages }), max_tokens: number('max_tokens', 128), temperature: number('temperature', 0), seed: number('seed', 0),
  };
};

function streams() {
  const shown = document.querySelector('[data-stream]');
  const status = document.querySelector('[data-stream-status]');
  if (!shown) return;
  const stop = document.querySelector('[data-stop]');
  document.addEventListener('submit', async (event) => {
    const form = event.target.closest('form[data-generate]');
    if (!form) return;
    const body = asked(form, event.submitter);
    if (!body.text.trim()) return; // the server says what is wrong with it
    event.preventDefault();
    if (form.getAttribute('aria-busy') === 'true') return;
    form.setAttribute('aria-busy', 'true');
    const ending = new AbortController();
    stop.hidden = false;
    stop.onclick = () => ending.abort();
    Object.assign(shown, { hidden: false, textContent: '' });
    shown.classList.remove('done');
    const rest = () => { form.removeAttribute('aria-busy'); stop.hidden = true; shown.classList.add('done'); };
    try {
      for (let tries = 0; ; tries += 1) {
        const answer = await fetch(form.dataset.generate, { method: 'POST', signal: ending.signal, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
        if (!answer.ok) { rest(); status.textContent = `${status.dataset.failed} ${(await answer.json()).detail}`; return; }
        let again = false;
        for await (const [name, data] of events(answer)) {
          if (name === 'done') { location.assign(`${form.dataset.generate.replace(/\/v1\/generations$/, '')}/generations/${data.key}`); return; }
          if (name === 'error' && data.code === 'loading' && tries < 60) { status.textContent = status.dataset.coming; again = true; }
          else if (name === 'error') { rest(); status.textContent = `${status.dataset.failed} ${data.detail}`; return; }
          else if (data.text) { shown.textContent += data.text; status.textContent = ''; }
        }
        if (!again) break;
        await new Promise((next) => { setTimeout(next, 2000); });
      }
      rest();
    } catch (error) {
      rest();
      if (error.name !== 'AbortError') form.submit();
    }
  }, true); // before ask.js, which marks every form that leaves the page
}

function choosing() {
  const holder = document.querySelector('[data-answering]');
  if (!holder) return;
  let anchor = null;
  let latest = 0;
  const words = () => [...holder.querySelectorAll('[data-answer] a')];
  const form = () => holder.querySelector('[data-why]');
  const query = () => new URLSearchParams(new FormData(form()));

  // The part of the page about other words, or with an explanation that is made now.
  async function show(request, focus) {
    const mine = ++latest;
    holder.setAttribute('aria-busy', 'true');
    const button = form()?.querySelector('button');
    if (button && request.method === 'POST') button.textContent = button.dataset.busy;
    const answer = await fetch(request).catch(() => null);
    if (mine !== latest) return;
    holder.removeAttribute('aria-busy');
    if (answer?.redirected) { // it takes long and is a job by now: asked again, the server waits for its end
      await new Promise((next) => { setTimeout(next, 2000); });
      if (mine === latest) explain(focus);
      return;
    }
    if (!answer) { form().submit(); return; }
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
    holder.replaceChildren(...[...fresh.body.childNodes].map((node) => document.importNode(node, true)));
    heat();
    const asked = query();
    if (!asked.get('not')) asked.delete('not');
    remember(asked.toString());
    if (focus !== undefined) words()[focus]?.focus({ preventScroll: true });
    tabs();
    if (request.method === 'GET' && holder.querySelector('[data-first]')) explain(focus);
  }
  const headers = { 'X-Whence-Fragment': 'chosen', Accept: 'text/html' };
  const explain = (focus) => show(new Request(form().getAttribute('action'), { method: 'POST', body: query(), headers }), focus);
  function choose(a, b, focus) {
    const asked = query();
    asked.set('words', `${Math.min(a, b)}-${Math.max(a, b)}`);
    asked.delete('not');
    const address = form().getAttribute('action').replace(/\/why$/, '');
    show(new Request(`${address}?${asked}`, { headers }), focus);
  }
  const tabs = () => words().forEach((word, k, all) => { word.tabIndex = word.hasAttribute('aria-current') || (k === 0 && !all.some((w) => w.hasAttribute('aria-current'))) ? 0 : -1; });

  holder.addEventListener('click', (event) => {
    const word = event.target.closest('[data-answer] a');
    const chip = event.target.closest('[data-span]');
    if ((!word && !chip) || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    if (chip) { choose(...chip.dataset.span.split('-').map(Number)); return; }
    const k = Number(word.dataset.i);
    if (event.shiftKey && anchor !== null) choose(anchor, k, k);
    else { anchor = k; choose(k, k, k); }
  });
  holder.addEventListener('keydown', (event) => {
    const word = event.target.closest('[data-answer] a');
    const next = word && words()[Number(word.dataset.i) + ({ ArrowRight: 1, ArrowLeft: -1 }[event.key] ?? NaN)];
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
  holder.addEventListener('submit', (event) => {
    if (!event.target.closest('[data-why]')) return;
    event.preventDefault();
    event.stopPropagation();
    explain();
  }, true);
  holder.addEventListener('change', (event) => { if (event.target.closest('[data-why]') && event.target.name !== 'not') explain(); });
  tabs();
}

export function generate() {
  streams();
  choosing();
}
