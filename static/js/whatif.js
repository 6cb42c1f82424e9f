// Remove or replace a word and see the new prediction beside the old one.
import { edit } from './edit.js';
import { roving } from './roving.js';

const share = (p) => (p >= 0.9995 && p < 1 ? '> 0.999' : p >= 0.995 && p < 1 ? '> 0.99' : p > 0 && p < 0.005 ? '< 0.01' : p.toFixed(2));
const fill = (template, values) => template.replace(/\{(\w+)\}/g, (_, key) => values[key]);

export function whatIf() {
  const form = document.querySelector('[data-whatif]');
  const texts = [...form.querySelectorAll('[data-specimen]')];
  const buttons = texts.flatMap((text) => [...text.querySelectorAll('button')]);
  const originals = buttons.map((button) => button.textContent);
  const card = document.querySelector('[data-wordcard]');
  const reset = form.querySelector('[data-reset]');
  const tries = [...form.querySelectorAll('[data-try]')];
  const box = document.querySelector('[data-prediction]');
  const outcome = box.querySelector('[data-outcome]');
  const [verdict, says] = [box.querySelector('[data-verdict]'), box.querySelector('[data-says-now]')];
  const first = { outcome: outcome.cloneNode(true), verdict: verdict.textContent, says: says.textContent };
  const lines = [...box.querySelectorAll('[data-class]')];
  const changes = new Map(); // word → what stands there instead, '' when it was removed
  let word = null;
  let before = null;
  let latest = 0;

  // The text with its changes; a word that is removed takes the space before it along.
  function changed(part, edits) {
    let out = '';
    for (const node of texts[part].childNodes) {
      if (node.dataset?.outside !== undefined) continue; // the model reads a window of the text
      const k = node.dataset?.i === undefined ? null : Number(node.dataset.i);
      if (k === null) { out += node.textContent; continue; }
      if (!edits.has(k)) { out += originals[k]; continue; }
      if (edits.get(k)) out += edits.get(k);
      else out = out.replace(/[ \t]+$/, '') || out.trimEnd();
    }
    return edits.size ? out.replace(/^[ \t]+/, '') : out;
  }
  const input = (edits) => (texts.length > 1 ? { text: changed(0, edits), text_pair: changed(1, edits) } : { text: changed(0, edits) });

  async function predict(all) {
    const answer = await fetch(form.dataset.predictions, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
      body: JSON.stringify({ model: form.dataset.model, inputs: all, top_k: 10000 }),
    });
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.detail ?? answer.statusText);
    return body.predictions;
  }

  const numeric = box.dataset.kind === 'regression'; // values, each in its own unit, instead of classes
  const value = (prediction, index) => (numeric ? prediction.outputs : prediction.classes).find((c) => c.index === index);
  const shown = (c) => (numeric ? c.value.toFixed(3) : share(c.probability));
  const main = (prediction) => prediction.predicted ?? prediction.outputs[0];

  function says_now(prediction) {
    if (numeric && prediction.outputs.length > 1) return prediction.outputs.slice(0, 3).map((c) => `${c.label}\u00a0${shown(c)}`).join(' · ');
    if (numeric) return shown(main(prediction));
    if (box.dataset.kind !== 'multi') return prediction.predicted.label;
    return prediction.classes.filter((c) => c.probability >= 0.5).map((c) => c.label).join(', ') || '–';
  }

  function show(prediction) {
    for (const line of lines) {
      const index = Number(line.dataset.class);
      if (numeric) { line.querySelector('.value').textContent = shown(value(prediction, index)); continue; }
      const [now, was] = [value(prediction, index).probability, value(before, index).probability];
      line.querySelector('.bar-fill').setAttribute('width', (now * 100).toFixed(2));
      const x = prediction === before ? -9 : was * 100;
      for (const end of ['x1', 'x2']) line.querySelector('.bar-before').setAttribute(end, x);
      line.querySelector('.value').textContent = share(now);
      line.classList.toggle('said', box.dataset.kind === 'multi' ? now >= 0.5 : index === prediction.predicted.index);
    }
    const [c, d] = [main(prediction), main(before)];
    verdict.textContent = prediction === before ? first.verdict : says_now(prediction);
    says.textContent = prediction === before ? first.says : says.dataset.would;
    if (prediction === before) { outcome.replaceChildren(...first.outcome.cloneNode(true).childNodes); return; }
    if (numeric && prediction.outputs.length > 1) {
      outcome.textContent = prediction.outputs.map((o) => fill(outcome.dataset.numbers, { c: o.label, v: shown(o), w: shown(value(before, o.index)) })).join(' ');
      return;
    }
    const same = c.index === d.index;
    const template = numeric ? outcome.dataset.number : same ? outcome.dataset.same : outcome.dataset.flip;
    outcome.textContent = fill(template, { c: c.label, v: shown(c), d: d.label, w: same ? shown(value(before, c.index)) : shown(d) });
  }

  async function apply() {
    buttons.forEach((button, k) => {
      const edit = changes.get(k);
      button.classList.toggle('gone', edit === '');
      button.classList.toggle('swapped', Boolean(edit));
      button.textContent = edit || originals[k];
    });
    for (const chip of tries) chip.setAttribute('aria-pressed', String(changes.size === 1 && changes.get(Number(chip.dataset.try)) === ''));
    reset.hidden = changes.size === 0;
    editing.follow(input(changes), changes.size > 0);
    await ask(changes.size === 0 ? null : input(changes));
  }

  // The bars follow a changed text; null is the original.
  async function ask(text) {
    const mine = ++latest;
    if (text === null) { if (before) show(before); return; }
    outcome.textContent = outcome.dataset.wait;
    try {
      const found = await predict(before ? [text] : [text, input(new Map())]);
      before ??= found[1];
      if (mine === latest) show(found[0]);
    } catch (error) {
      if (mine === latest) outcome.textContent = fill(outcome.dataset.fail, { why: error.message });
    }
  }

  const editing = edit({ ask, reset: () => { changes.clear(); apply(); } });
  const close = () => { card.close(); };
  const change = (k, text) => { close(); if (text === null) changes.delete(k); else changes.set(k, text); apply(); };

  async function open(k, from) {
    word = k;
    for (const button of buttons) button.removeAttribute('aria-expanded');
    buttons[k].setAttribute('aria-expanded', 'true');
    card.querySelector('h3').textContent = `“${originals[k].length > 40 ? `${originals[k].slice(0, 39)}…` : originals[k]}”`;
    const drill = card.querySelector('[data-wc-focus]');
    if (drill) drill.value = buttons[k].dataset.focus;
    const without = card.querySelector('[data-wc-value]');
    without.textContent = '';
    card.querySelector('input').value = '';
    card.showModal();
    const at = from.getClientRects()[0] ?? from.getBoundingClientRect();
    const wide = matchMedia('(min-width: 40.01rem)').matches;
    card.style.translate = wide ? `${Math.max(8, Math.min(at.left, innerWidth - card.offsetWidth - 16))}px ${Math.max(8, Math.min(at.bottom + 8, innerHeight - card.offsetHeight - 8))}px` : '';
    try {
      const [found] = await predict([input(new Map([...changes, [k, '']]))]);
      const predicted = before ? main(before).index : Number(lines.find((line) => line.classList.contains('said'))?.dataset.class ?? main(found).index);
      if (word === k) without.textContent = shown(value(found, predicted));
    } catch { /* the card works without the number */ }
  }

  form.addEventListener('submit', (event) => {
    const button = event.submitter;
    if (button?.name !== 'word') return;
    event.preventDefault();
    const k = Number(button.value);
    if (button.dataset.try !== undefined) {
      const on = button.getAttribute('aria-pressed') === 'true';
      changes.clear();
      if (!on) changes.set(k, '');
      apply();
    } else if (changes.has(k)) change(k, null); else open(k, button);
  }, true);
  document.addEventListener('wordchosen', (event) => { if (buttons[event.detail.index] && document.querySelector('[data-view] [name=level]:checked')?.value === document.querySelector('[data-view] [name=level]')?.value) open(event.detail.index, event.detail.from); });
  card.querySelector('[data-wc-remove]').addEventListener('click', () => change(word, ''));
  card.querySelector('[data-wc-form]').addEventListener('submit', (event) => {
    event.preventDefault();
    const text = new FormData(event.target).get('replacement').trim();
    if (text) change(word, text);
  });
  card.addEventListener('click', (event) => { if (event.target === card) close(); });
  card.addEventListener('close', () => { for (const button of buttons) button.removeAttribute('aria-expanded'); buttons[word]?.focus({ preventScroll: true }); });
  reset.addEventListener('click', () => { changes.clear(); apply(); buttons[0].focus(); });
  for (const text of texts) roving([...text.querySelectorAll('button')], { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1 });
  // What the ready tries would give, in one request.
  if (tries.length) {
    predict([...tries.map((chip) => new Map([[Number(chip.dataset.try), '']])), new Map()].map(input)).then((found) => {
      before ??= found.at(-1);
      tries.forEach((chip, k) => { chip.querySelector('.d').textContent = shown(value(found[k], main(before).index)); });
    }).catch(() => { /* the model is not there: the chips work as a form */ });
  }
}

