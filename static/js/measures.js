// Measures on demand are made without leaving the page: the server sends the same section as at first.
export function measures() {
  document.addEventListener('submit', async (event) => {
    const form = event.target.closest('[data-measure]');
    if (!form) return;
    event.preventDefault();
    if (form.getAttribute('aria-busy') === 'true') return;
    form.setAttribute('aria-busy', 'true');
    const said = form.querySelector('[data-measuring]');
    said.textContent = said.dataset.busy;
    const section = form.closest('[data-measures]');
    const answer = await fetch(form.getAttribute('action'), { method: 'POST', body: new URLSearchParams(new FormData(form)), headers: { 'X-Whence-Fragment': 'measures', Accept: 'text/html' } }).catch(() => null);
    if (answer?.redirected) { location.assign(answer.url); return; } // it takes long: the page of its job
    const fresh = answer && new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('[data-measures]');
    if (!fresh) { form.submit(); return; }
    section.replaceWith(document.importNode(fresh, true));
    document.getElementById('quality')?.focus({ preventScroll: true });
  }, true); // before ask.js, which marks every form that leaves the page
}
