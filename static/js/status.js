// While a model loads, the part of the page that says so is fetched again; what was typed stays.
const EVERY = 1500;

export function modelStatus() {
  const waiting = document.querySelector('[data-loading]');
  if (!waiting) return;
  const look = async () => {
    const answer = await fetch(location.href, { headers: { Accept: 'text/html' } }).catch(() => null);
    if (!answer?.ok) { setTimeout(look, EVERY); return; }
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
    for (const part of ['[data-model-status]', '.examples']) {
      const [now, next] = [document.querySelector(part), fresh.querySelector(part)];
      if (now && next) now.replaceWith(document.importNode(next, true));
    }
    const [list, next] = [document.querySelector('select[name=model]'), fresh.querySelector('select[name=model]')];
    if (list && next) {
      const chosen = list.value;
      list.replaceChildren(...[...next.options].map((option) => document.importNode(option, true)));
      list.value = chosen;
    }
    if (fresh.querySelector('[data-loading]')) setTimeout(look, EVERY);
    else if (!document.querySelector('[data-ask]')) location.reload();
  };
  setTimeout(look, EVERY);
}
