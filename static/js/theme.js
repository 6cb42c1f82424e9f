// Automatic → dark → light → automatic. The choice is kept; without storage it lasts for the page.
const order = ['auto', 'dark', 'light'];
const keep = (value) => { try { localStorage.setItem('theme', value); } catch { /* a private window keeps nothing */ } };

export function theme() {
  const root = document.documentElement;
  const button = document.querySelector('[data-theme-toggle]');
  let now = root.dataset.theme ?? 'auto';
  const show = () => {
    if (now === 'auto') delete root.dataset.theme; else root.dataset.theme = now;
    button.setAttribute('aria-label', button.dataset[now]);
    button.title = button.dataset[now];
    root.dispatchEvent(new CustomEvent('themechange'));
  };
  button.hidden = false;
  show();
  button.addEventListener('click', () => {
    now = order[(order.indexOf(now) + 1) % order.length];
    keep(now);
    show();
  });
}
