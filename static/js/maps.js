// A switch paints the maps again without leaving the page: the server sends the same fragment as at first.
import { remember } from './address.js';
import { prepare } from './heat.js';
import { pngs } from './png.js';

export function maps() {
  const plain = document.querySelector('[data-view-plain]');
  plain?.addEventListener('change', () => plain.requestSubmit());
  const holder = document.querySelector('[data-maps]');
  if (!holder) return;
  let latest = 0;
  holder.addEventListener('change', async (event) => {
    const form = event.target.closest('[data-view]');
    if (!form) return;
    const query = new URLSearchParams(new FormData(form)).toString();
    const mine = ++latest;
    holder.setAttribute('aria-busy', 'true');
    const answer = await fetch(`${form.getAttribute('action')}?${query}`, { headers: { 'X-Whence-Fragment': 'maps', Accept: 'text/html' } }).catch(() => null);
    if (mine !== latest) return;
    holder.removeAttribute('aria-busy');
    if (!answer?.ok) { form.submit(); return; }
    const { name, value } = event.target;
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
    holder.replaceChildren(...fresh.body.childNodes);
    prepare(holder);
    pngs(holder);
    remember(query);
    const same = [...holder.querySelectorAll(`[name="${name}"]`)];
    (same.find((input) => input.value === value) ?? same[0])?.focus({ preventScroll: true });
  });
}
