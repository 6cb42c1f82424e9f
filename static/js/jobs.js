// A job is followed by its events, a list of jobs is looked at again. What changes is fetched as the server draws it.
const EVERY = 2000;

async function fresh() {
  const answer = await fetch(location.href, { headers: { Accept: 'text/html' } }).catch(() => null);
  return answer?.ok ? new DOMParser().parseFromString(await answer.text(), 'text/html') : null;
}

function replace(selector, page) {
  const [now, next] = [document.querySelector(selector), page?.querySelector(selector)];
  if (now && next) now.replaceWith(document.importNode(next, true));
  return Boolean(next);
}

export function jobs() {
  const followed = document.querySelector('[data-job]');
  if (followed) follow(followed.dataset.job);
  if (document.querySelector('[data-jobs]')) setTimeout(look, EVERY);
}

function follow(address) {
  const events = new EventSource(address);
  events.addEventListener('job', async (event) => {
    if (['done', 'failed', 'cancelled'].includes(JSON.parse(event.data).state)) { events.close(); location.reload(); return; }
    replace('[data-live]', await fresh());
  });
  addEventListener('pagehide', () => events.close());
}

async function look() {
  const page = await fresh();
  if (!page || replace('[data-jobs]', page)) setTimeout(look, EVERY);
  else location.reload();
}
