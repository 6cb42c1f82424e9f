// Measures on demand are made without leaving the page: the server sends the same section as at first, until they are there.
const EVERY = 500;
const HEADERS = { 'X-Whence-Fragment': 'measures', Accept: 'text/html' };

async function section(answer) {
  return answer && new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('[data-measures]');
}

async function follow(shown) {
  const method = shown.dataset.coming;
  if (!method) return;
  await new Promise((done) => { setTimeout(done, EVERY); });
  const answer = await fetch(`${shown.dataset.measures}?measuring=${encodeURIComponent(method)}`, { headers: HEADERS }).catch(() => null);
  const fresh = answer?.ok ? await section(answer) : null;
  if (!fresh) { follow(shown); return; }
  follow(put(shown, fresh));
}

// The fresh section in the place of the one that is shown; who was in it stays in it.
function put(shown, fresh, held = shown.contains(document.activeElement)) {
  const node = document.importNode(fresh, true);
  shown.replaceWith(node);
  if (held) document.getElementById('quality')?.focus({ preventScroll: true });
  return node;
}

export function measures() {
  const first = document.querySelector('[data-measures]');
  if (first) follow(first);
  document.addEventListener('submit', async (event) => {
    const form = event.target.closest('[data-measure]');
    if (!form) return;
    event.preventDefault();
    if (form.getAttribute('aria-busy') === 'true') return;
    form.setAttribute('aria-busy', 'true');
    const said = form.querySelector('[data-measuring]');
    said.textContent = said.dataset.busy;
    const shown = form.closest('[data-measures]');
    const fresh = await section(await fetch(form.getAttribute('action'), { method: 'POST', body: new URLSearchParams(new FormData(form)), headers: HEADERS }).catch(() => null));
    if (!fresh) { form.submit(); return; }
    follow(put(shown, fresh, true));
  }, true); // before ask.js, which marks every form that leaves the page
}
