// The workbench: one selection in every view. The server draws all of it; here links and forms fetch the page anew and
// put it in place, and a box or a lasso on the map becomes conditions in the address.
let asked = 0;

async function go(address, { push = true, focus = null } = {}) {
  const root = document.querySelector('[data-workbench]');
  const turn = ++asked;
  root.setAttribute('aria-busy', 'true');
  const answer = await fetch(address, { headers: { Accept: 'text/html' } }).catch(() => null);
  const page = answer?.ok ? new DOMParser().parseFromString(await answer.text(), 'text/html') : null;
  const next = page?.querySelector('[data-workbench]');
  if (turn !== asked) return;
  if (!next) { location.assign(address); return; }
  const open = [...root.querySelectorAll('details')].map((each) => each.open);
  root.replaceWith(document.importNode(next, true));
  const details = [...document.querySelectorAll('[data-workbench] details')];
  if (details.length === open.length) details.forEach((each, k) => { each.open = open[k]; });
  document.title = page.title;
  if (push) history.pushState({ bench: true }, '', address);
  if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
  map();
}

const within = (link) => link && link.origin === location.origin && link.pathname === location.pathname && !link.hasAttribute('download');

function queryOf(form) {
  const kept = [...new FormData(form)].filter(([, value]) => value !== '');
  return `${location.pathname}?${new URLSearchParams(kept)}`;
}

export function workbench() {
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target.closest('[data-workbench] a');
    if (!within(link)) return;
    event.preventDefault();
    go(link.href);
  });
  document.addEventListener('submit', (event) => {
    if (!event.target.matches('[data-live-form]')) return;
    event.preventDefault();
    go(queryOf(event.target), { focus: document.activeElement?.id });
  });
  document.addEventListener('change', (event) => {
    const form = event.target.closest('[data-live-form]');
    if (form) go(queryOf(form), { focus: event.target.id });
  });
  addEventListener('popstate', () => go(location.href, { push: false }));
  map();
}

// A finger scrolls, a mouse or a pen draws.
function map() {
  const svg = document.querySelector('[data-map]');
  if (!svg) return;
  document.querySelector('[data-map-tools]').hidden = false;
  svg.classList.add('draws');
  const rubber = svg.querySelector('[data-rubber]');
  const [width, height, margin] = [400, 330, 12];
  let path = [];
  const place = (event) => {
    const box = svg.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width * width, (event.clientY - box.top) / box.height * height];
  };
  const value = (at, size) => Number((2 * (at - margin) / (size - 2 * margin) - 1).toFixed(3));
  const lasso = () => document.querySelector('[data-map-tools] :checked').value === 'lasso';
  svg.addEventListener('pointerdown', (event) => {
    if (event.pointerType === 'touch' || event.button) return;
    path = [place(event)];
    svg.setPointerCapture(event.pointerId);
  });
  svg.addEventListener('pointermove', (event) => {
    if (!path.length) return;
    path.push(place(event));
    const [from, to] = [path[0], path.at(-1)];
    rubber.setAttribute('d', lasso() ? `M${path.map((p) => p.join(' ')).join('L')}Z` : `M${from}H${to[0]}V${to[1]}H${from[0]}Z`);
  });
  svg.addEventListener('pointerup', () => {
    const [from, to] = [path[0], path.at(-1)];
    const drawn = path;
    path = [];
    if (!from || Math.hypot(to[0] - from[0], to[1] - from[1]) + drawn.length < 8) { rubber.setAttribute('d', ''); return; }
    const points = drawn.map(([x, y]) => [value(x, width), -value(y, height)]);
    const [xs, ys] = [0, 1].map((k) => (lasso() ? points : [points[0], points.at(-1)]).map((p) => p[k]));
    const step = Math.max(1, Math.ceil(points.length / 40));
    const statement = lasso()
      ? `inside "${points.filter((_, k) => k % step === 0).map((p) => p.join(' ')).join(' ')}"`
      : `x >= ${Math.min(...xs)} and x <= ${Math.max(...xs)} and y >= ${Math.min(...ys)} and y <= ${Math.max(...ys)}`;
    const address = new URL(svg.dataset.map, location.href);
    address.searchParams.set('where', svg.dataset.where ? `(${svg.dataset.where}) and ${statement}` : statement);
    go(address.href);
  });
}
