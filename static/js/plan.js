// The form of an audit: a choice is read at once, and what it changes is put in its place. The server counts.
export function plan() {
  const form = document.querySelector('[data-plan]');
  let asked = null;

  async function read() {
    asked?.abort();
    asked = new AbortController();
    const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
    try {
      const answer = await fetch(`${form.dataset.plan}?${query}`, { signal: asked.signal });
      place(new DOMParser().parseFromString(await answer.text(), 'text/html'));
      history.replaceState(null, '', `${form.dataset.plan}?${query}`);
    } catch (error) {
      if (error.name !== 'AbortError') throw error;
    }
  }

  function place(page) {
    const { name, value, id } = document.activeElement;
    form.elements.ticked.value = page.querySelector('[name=ticked]')?.value ?? '';
    for (const part of form.querySelectorAll('[data-part]')) {
      const fresh = page.querySelector(`[data-part="${part.dataset.part}"]`);
      if (fresh) part.replaceWith(document.adoptNode(fresh));
    }
    const same = [...form.elements].find((each) => (id ? each.id === id : name && each.name === name && each.value === value));
    same?.focus({ preventScroll: true });
    for (const button of form.querySelectorAll('[data-read]')) button.hidden = true;
  }

  for (const button of form.querySelectorAll('[data-read]')) button.hidden = true;
  form.addEventListener('change', read);
}
