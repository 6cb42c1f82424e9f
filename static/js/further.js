// Further questions are answered in their place. Opened for the first time, a question is asked; what is open is in the address.
import { remember } from './address.js';
import { prepare } from './heat.js';

const EVERY = 500;
const HEADERS = { 'X-Whence-Fragment': 'further', Accept: 'text/html' };

export function further() {
  const box = document.querySelector('[data-further]');
  if (!box) return;
  const says = box.querySelector('[data-further-says]');
  const address = box.dataset.further;
  const find = (root, name) => root.querySelector(`.question[data-ask="${name}"]`);
  const open = () => [...box.querySelectorAll('.question[open]')].map((each) => each.dataset.ask);

  function keep() {
    const query = new URLSearchParams(location.search);
    if (open().length) query.set('ask', open().join(',')); else query.delete('ask');
    remember(query.toString().replaceAll('%2C', ',').replaceAll('%3A', ':'));
  }

  async function put(answer, name) {
    const fresh = answer && find(new DOMParser().parseFromString(await answer.text(), 'text/html'), name);
    if (!fresh) return null;
    const [shown, node] = [find(box, name), document.importNode(fresh, true)];
    const held = shown.contains(document.activeElement);
    node.open = shown.open;
    shown.replaceWith(node);
    prepare(node);
    if (held) node.querySelector('summary').focus({ preventScroll: true });
    if ('answered' in node.dataset) says.textContent = says.dataset.there;
    return node;
  }

  async function follow(node) {
    if (!node || !('coming' in node.dataset)) return;
    await new Promise((done) => { setTimeout(done, EVERY); });
    const name = node.dataset.ask;
    const query = new URLSearchParams(location.search);
    query.set('ask', [...new Set([...open(), name])].join(','));
    const answer = await fetch(`${address}?${query}`, { headers: HEADERS }).catch(() => null);
    follow((answer?.ok && await put(answer, name)) || node);
  }

  async function ask(form, button) {
    const data = new FormData(form, button);
    const name = data.get('method');
    if (form.getAttribute('aria-busy') === 'true') return;
    form.setAttribute('aria-busy', 'true');
    says.textContent = says.dataset.busy;
    const answer = await fetch(form.getAttribute('action'), { method: 'POST', body: new URLSearchParams(data), headers: HEADERS }).catch(() => null);
    const node = await put(answer, name);
    if (!node) { form.submit(); return; }
    keep();
    follow(node);
  }

  document.addEventListener('submit', (event) => {
    const form = event.target.closest('[data-asks]');
    if (!form) return;
    event.preventDefault();
    ask(form, event.submitter);
  }, true); // before ask.js, which marks every form that leaves the page
  box.addEventListener('toggle', (event) => {
    const question = event.target;
    if (!question.matches?.('.question')) return;
    keep();
    const form = question.open && question.querySelector('[data-asks]');
    if (form && !question.querySelector('[role="alert"]')) ask(form, form.querySelector('button'));
  }, true); // a toggle does not bubble
  for (const node of box.querySelectorAll('.question[data-coming]')) follow(node);
  const led = box.querySelector('.question[open]:not([data-answered], [data-coming])'); // by the page that the reader comes from
  if (led && location.hash === `#${led.id}` && !led.querySelector('[role="alert"]')) ask(led.querySelector('[data-asks]'), led.querySelector('button'));
}
