// Hover or focus on a word lights it in every map, reads its scores and shows the tooltip. One tab stop a map;
// left and right walk the text, up and down walk the maps at the same word.
const place = (tip, mark) => {
  const box = mark.getClientRects()[0] ?? mark.getBoundingClientRect();
  const left = Math.min(Math.max(8, box.left), innerWidth - tip.offsetWidth - 8);
  tip.style.translate = `${left + scrollX}px ${box.top + scrollY - tip.offsetHeight - 6}px`;
};

// The text of a cell without its hidden score.
export const textOf = (mark) => [...mark.childNodes].filter((node) => !node.classList?.contains('vh')).map((node) => node.textContent).join('');

export function prepare(root = document) {
  for (const map of root.querySelectorAll('[data-heat]')) {
    [...map.querySelectorAll('mark')].forEach((mark, k) => { mark.tabIndex = k === 0 ? 0 : -1; mark.setAttribute('role', 'button'); });
  }
  for (const score of root.querySelectorAll('[data-score]')) {
    if (score.children.length === 2) score.dataset.rest = JSON.stringify([...score.children].map((child) => child.textContent));
  }
}

function readScores(sheet, index) {
  for (const row of sheet.querySelectorAll('[data-method]')) {
    const score = row.querySelector('p[data-score]');
    if (!score) continue;
    const mark = index === null ? null : row.querySelector(`mark[data-i="${index}"]`);
    const [name, value] = mark ? [textOf(mark), mark.dataset.score] : JSON.parse(score.dataset.rest);
    score.children[0].textContent = name.length > 18 ? `${name.slice(0, 17)}…` : name;
    score.children[1].textContent = value;
  }
}

export function heat() {
  const tip = document.querySelector('[data-tip]');
  const sheet = tip && document.querySelector('.sheet');
  if (!sheet) return;
  prepare(sheet);
  const light = (mark) => {
    for (const lit of sheet.querySelectorAll('.lit')) lit.classList.remove('lit');
    tip.hidden = true;
    readScores(sheet, mark ? mark.dataset.i : null);
    if (!mark) return;
    const same = sheet.querySelector('.versus') ? [mark] : sheet.querySelectorAll(`mark[data-i="${mark.dataset.i}"]`);
    for (const other of same) other.classList.add('lit');
    const text = textOf(mark).trim();
    tip.textContent = `${text.length > 40 ? `${text.slice(0, 39)}…` : text}: ${mark.querySelector('.vh').textContent.trim().slice(1, -1)}`;
    tip.hidden = false;
    place(tip, mark);
  };
  sheet.addEventListener('pointerover', (event) => light(event.target.closest('[data-heat] mark')));
  sheet.addEventListener('pointerleave', () => light(null));
  sheet.addEventListener('focusin', (event) => light(event.target.closest('[data-heat] mark')));
  sheet.addEventListener('focusout', () => light(null));
  sheet.addEventListener('click', (event) => {
    const mark = event.target.closest('[data-heat] mark');
    if (mark) document.dispatchEvent(new CustomEvent('wordchosen', { detail: { index: Number(mark.dataset.i), from: mark } }));
  });
  sheet.addEventListener('keydown', (event) => {
    const mark = event.target.closest?.('[data-heat] mark');
    if (!mark) return;
    if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); mark.click(); return; }
    if (event.key === 'Escape') { light(null); return; }
    const maps = [...sheet.querySelectorAll('[data-heat]')];
    const map = mark.closest('[data-heat]');
    const marks = [...map.querySelectorAll('mark')];
    const across = getComputedStyle(map).direction === 'rtl' ? -1 : 1;
    const step = { ArrowLeft: -across, ArrowRight: across }[event.key];
    const rows = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    let next = step && marks[marks.indexOf(mark) + step];
    if (rows) for (let k = maps.indexOf(map) + rows; maps[k] && !next; k += rows) next = maps[k].querySelector(`mark[data-i="${mark.dataset.i}"]`);
    if (event.key === 'Home') next = marks[0];
    if (event.key === 'End') next = marks.at(-1);
    if (!next) return;
    event.preventDefault();
    for (const other of next.closest('[data-heat]').querySelectorAll('mark')) other.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
}
