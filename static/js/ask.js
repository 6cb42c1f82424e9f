// Ctrl or Cmd with Enter sends the form. A form that was sent says so and cannot be sent twice.
export function ask() {
  for (const form of document.querySelectorAll('[data-ask]')) {
    form.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.requestSubmit(); }
    });
  }
  for (const form of document.querySelectorAll('form[method="post"]')) {
    form.addEventListener('submit', (event) => {
      if (event.defaultPrevented) return;
      if (form.getAttribute('aria-busy') === 'true') { event.preventDefault(); return; }
      form.setAttribute('aria-busy', 'true');
      const button = form.querySelector('.button.primary');
      if (button && form.dataset.busy) { button.dataset.rest = button.textContent; button.textContent = form.dataset.busy; }
    });
  }
  // The work goes on, or the model is nearly there: the same is asked again, unless somebody types meanwhile.
  const again = document.querySelector('[data-retry]');
  const asked = document.querySelector('[data-ask]');
  if (again && asked) {
    again.hidden = false;
    const wait = setTimeout(() => asked.requestSubmit(), Number(again.dataset.retry) * 1000);
    asked.addEventListener('input', () => { clearTimeout(wait); again.hidden = true; }, { once: true });
  }
  // Back from the result, the form is as it was.
  addEventListener('pageshow', () => {
    for (const form of document.querySelectorAll('form[aria-busy]')) {
      form.removeAttribute('aria-busy');
      const button = form.querySelector('[data-rest]');
      if (button) button.textContent = button.dataset.rest;
    }
  });
}
