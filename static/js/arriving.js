// An answer that arrives: the page is asked again until it is complete; a row that came is put in its place.
const EVERY = 350; // ms
const COMPLETE = 'X-Whence-Complete';
import { prepare } from './heat.js';

export function arriving() {
  const box = document.querySelector('[data-arriving]');
  if (!box || box.dataset.state !== 'running') return;
  const says = document.querySelector('[data-arriving-says]');
  const address = box.dataset.arriving;
  const kept = (node) => node.matches?.('[data-method]') && node.contains(document.activeElement);

  function paint(fresh) {
    const came = [...fresh.querySelectorAll('[data-method]')].filter((row) => box.querySelector(`[data-waits="${row.dataset.method}"]`));
    const held = [...box.querySelectorAll('[data-method]')].find(kept); // the row that somebody reads stays as it is
    const stop = box.querySelector('form button') === document.activeElement;
    for (const row of came) row.classList.add('came');
    if (held) fresh.querySelector(`[data-method="${held.dataset.method}"]`)?.replaceWith(held.cloneNode(true));
    const where = held ? [...held.querySelectorAll('mark')].indexOf(document.activeElement) : -1;
    box.replaceChildren(...fresh.childNodes);
    prepare(box);
    if (held && where >= 0) box.querySelectorAll(`[data-method="${held.dataset.method}"] mark`)[where]?.focus({ preventScroll: true });
    if (stop) box.querySelector('form button')?.focus({ preventScroll: true });
    if (came.length) says.textContent = came.map((row) => says.dataset.came.replace('{m}', row.querySelector('h3').textContent)).join(' ');
  }

  async function look() {
    const answer = await fetch(address, { headers: { 'X-Whence-Fragment': 'arriving', Accept: 'text/html' } }).catch(() => null);
    if (answer?.ok && answer.headers.get(COMPLETE)) { location.reload(); return; }
    if (answer?.status === 404) { location.reload(); return; }
    if (answer?.ok) {
      const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').body;
      const ended = answer.headers.get('X-Whence-State') !== 'running';
      paint(fresh);
      if (ended) return;
    }
    setTimeout(look, EVERY);
  }
  setTimeout(look, EVERY);
}
