// A menu is a <details>; Escape or a click elsewhere closes it. A link may open a folded part of the page.
export function menus() {
  const all = [...document.querySelectorAll('details.menu')];
  document.addEventListener('click', (event) => {
    for (const menu of all) if (!menu.contains(event.target)) menu.open = false;
    const opener = event.target.closest?.('[data-opens]');
    if (opener) { document.getElementById(opener.dataset.opens).open = true; opener.closest('details').open = false; }
  });
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    for (const menu of all) if (menu.open) { menu.open = false; menu.querySelector('summary').focus(); }
  });
}
