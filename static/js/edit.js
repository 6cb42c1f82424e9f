// The whole text as a field in its place; the bars follow what is typed. A draft is kept for the tab, so that a reload loses nothing.
const QUIET = 350; // ms without a key until the model is asked
const nothing = { follow() {} };

export function edit({ ask, reset }) {
  const box = document.querySelector('[data-edit]');
  const open = document.querySelector('[data-edit-open]');
  if (!box || !open) return nothing;
  const form = box.querySelector('[data-editor]');
  const still = document.querySelector('[data-still]');
  const areas = [...form.querySelectorAll('textarea')];
  const originals = areas.map((area) => area.defaultValue);
  const buttons = [...form.querySelectorAll('button[name=then]')];
  const [hint, stop] = [form.querySelector('[data-edit-hint]'), form.querySelector('[data-edit-stop]')];
  const name = `draft ${document.querySelector('[data-whatif]').dataset.address}`;
  const values = () => areas.map((area) => area.value);
  const same = () => values().every((value, k) => value === originals[k]);
  const text = () => (areas.length > 1 ? { text: areas[0].value, text_pair: areas[1].value } : { text: areas[0].value });
  let typing = 0;

  const keep = () => { try { if (same()) sessionStorage.removeItem(name); else sessionStorage.setItem(name, JSON.stringify(values())); } catch { /* kept nowhere */ } };
  const draft = () => { try { return JSON.parse(sessionStorage.getItem(name)); } catch { return null; } };
  const allow = () => { const off = same() || !areas[0].value.trim(); for (const button of buttons) button.disabled = off; stop.hidden = false; };

  // Two ways to a changed text: words are changed in the text itself, and then only the buttons show; or the field is open.
  function shape(field, any) {
    box.open = field || any;
    for (const area of areas) area.hidden = !field;
    hint.hidden = false;
    still.hidden = field;
    open.setAttribute('aria-expanded', String(field));
    allow();
  }
  function show(field) {
    shape(field, !same());
    if (field) areas[0].focus();
  }
  function back() {
    areas.forEach((area, k) => { area.value = originals[k]; });
    keep();
    reset();
    show(false);
    open.focus({ preventScroll: true });
  }

  box.classList.add('scripted');
  open.hidden = false;
  open.setAttribute('role', 'button');
  open.setAttribute('aria-controls', 'edit');
  open.addEventListener('click', (event) => { event.preventDefault(); show(still.hidden === false); });
  stop.addEventListener('click', back);
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') { event.preventDefault(); back(); }
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !buttons[0].disabled) { event.preventDefault(); form.requestSubmit(buttons[0]); }
  });
  form.addEventListener('input', () => {
    keep();
    allow();
    clearTimeout(typing);
    typing = setTimeout(() => ask(same() || !areas[0].value.trim() ? null : text()), QUIET);
  });
  const kept = draft();
  if (kept?.length === areas.length) areas.forEach((area, k) => { area.value = kept[k]; });
  if (!same()) { show(true); ask(text()); } else shape(location.hash === '#edit' || box.querySelector('[role=alert]') !== null, false);
  return {
    // Words were removed or replaced in the text itself.
    follow(changed, any) {
      areas[0].value = any ? changed.text : originals[0];
      if (areas[1]) areas[1].value = any ? changed.text_pair : originals[1];
      keep();
      shape(false, any);
    },
  };
}
