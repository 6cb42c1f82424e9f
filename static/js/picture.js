// A region and its row light up together, by pointer and by keyboard.
export function picture() {
  const root = document.querySelector('[data-scene]');
  if (!root) return;
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
