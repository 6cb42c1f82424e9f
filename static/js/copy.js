// Copies the address of the page and says so in the button's name.
export function copy() {
  for (const button of document.querySelectorAll('[data-copy]')) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(location.origin + button.dataset.copy);
      button.classList.add('done');
      button.setAttribute('aria-label', button.dataset.copied);
    });
  }
}
