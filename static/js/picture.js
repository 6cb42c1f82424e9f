// A region and its row light up together, by pointer and by keyboard; a word of a caption paints what it comes from.
import { remember } from './address.js';
import { heat } from './heat.js';

function lights(root) {
  let kept = null;

  function light(number) {
    root.querySelectorAll('.lit').forEach((each) => each.classList.remove('lit'));
    if (!number) return;
    root.querySelector(`[data-region="${number}"]`)?.classList.add('lit');
    root.querySelector(`[data-row="${number}"]`)?.classList.add('lit');
  }
  function keep(number) {
    kept = kept === number ? null : number;
    root.querySelectorAll('[data-light]').forEach((each) => each.setAttribute('aria-pressed', String(each.dataset.light === kept)));
    light(kept);
  }
  const numberOf = (target) => target.closest('[data-region]')?.dataset.region ?? target.closest('[data-row]')?.dataset.row ?? null;

  root.addEventListener('pointerover', (event) => light(numberOf(event.target) ?? kept));
  root.addEventListener('pointerleave', () => light(kept));
  root.addEventListener('focusin', (event) => light(event.target.dataset.light ?? kept));
  root.addEventListener('click', (event) => {
    const number = event.target.closest('[data-region]')?.dataset.region ?? event.target.closest('[data-light]')?.dataset.light;
    if (number) keep(number);
  });
}

// The part of the page about other words, without leaving it.
async function show(holder, address, focus) {
  holder.setAttribute('aria-busy', 'true');
  const answer = await fetch(address, { headers: { 'X-Whence-Fragment': 'picture', Accept: 'text/html' } }).catch(() => null);
  if (!answer?.ok) { location.assign(address); return; }
  const view = holder.querySelector('[name="show"]:checked')?.value;
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  holder.replaceChildren(...[...fresh.body.childNodes].map((node) => document.importNode(node, true)));
  holder.removeAttribute('aria-busy');
  const kept = holder.querySelector(`[name="show"][value="${view}"]`);
  if (kept) kept.checked = true;
  heat();
  remember(new URL(address, location.href).search.slice(1));
  lights(holder.querySelector('[data-scene]'));
  holder.querySelector(focus)?.focus({ preventScroll: true });
}

function choices(holder) {
  let anchor = null;
  holder.addEventListener('click', (event) => {
    const word = event.target.closest('[data-caption] a');
    const all = event.target.closest('[data-caption-all]');
    const hide = event.target.closest('[data-hide]');
    if ((!word && !all && !hide) || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    if (hide) { show(holder, hide.href, `[data-hide="${hide.dataset.hide}"]`); return; }
    if (all) { show(holder, all.href, '[data-caption-all]'); return; }
    const at = Number(word.dataset.i);
    const ends = event.shiftKey && anchor !== null ? [Math.min(anchor, at), Math.max(anchor, at)] : [at, at];
    if (!event.shiftKey) anchor = at;
    const address = new URL(word.href);
    address.searchParams.set('words', ends.join('-'));
    show(holder, address.href, `[data-caption] [data-i="${at}"]`);
  });
  holder.addEventListener('keydown', (event) => {
    const word = event.target.closest('[data-caption] a');
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const next = word && step && holder.querySelector(`[data-caption] [data-i="${Number(word.dataset.i) + step}"]`);
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
}

export function picture() {
  const root = document.querySelector('[data-scene]');
  if (root) lights(root);
  const holder = document.querySelector('[data-picture-page]');
  if (holder) choices(holder);
}
