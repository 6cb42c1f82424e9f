// All heads as small squares, one head as a matrix and as arcs. Pointing at a token isolates its links.
import { CONFIG, escape, repainted, rgb } from './plotly.js';
import { tensor } from './tensors.js';

const fill = (template, values) => template.replace(/\{(\w+)\}/g, (_, key) => values[key]);
const TICK = 14; // px that the name of a token takes beside the matrix
const MARGIN = { l: 84, t: 84, r: 8, b: 8 };
const MOST_LINKS = 60;
const MOST_ROOM = 40; // px of a row beside a source
const GAP = 54; // px between the tokens of an answer and those of its source

function colours() {
  const [low, high, text] = rgb('--att-low', '--att-high', '--ink-2');
  const mix = (t) => low.map((c, k) => Math.round(c + (high[k] - c) * t));
  return { mix, css: (c) => `rgb(${c.join(' ')})`, plotly: (c) => `rgb(${c.join(',')})`, text };
}

export function attention() {
  const root = document.querySelector('[data-attention]');
  const size = Number(root.dataset.size);
  const squares = [...root.querySelectorAll('[data-heads] a')];
  const list = [...root.querySelectorAll('[data-arcs] button')];
  const seen = [...root.querySelectorAll('[data-seen] span')]; // of a source: what is looked at are other tokens
  const named = (each) => ({ name: each.textContent, special: each.classList.contains('special') });
  const tokens = list.map(named);
  const across = seen.length ? seen.map(named) : tokens;
  const plot = root.querySelector('[data-matrix]');
  const svg = root.querySelector('[data-arcs] svg');
  const cap = root.querySelector('[data-cap]');
  const title = root.querySelector('[data-head-title]');
  const picked = squares.find((square) => square.getAttribute('aria-current'));
  let [l, h] = [Number(picked.dataset.l), Number(picked.dataset.h)];
  let [thumbs, tall, wide] = [null, 0, 0];
  let weights = null; // rows of the head that is open
  let token = null;
  let pinned = null;
  let colour = colours();
  const kept = new Map();

  for (const part of root.querySelectorAll('[data-needs-script]')) part.hidden = false;
  const hide = () => root.querySelector('[name=special]:checked').value === 'hide';

  async function load(layer, head) {
    const name = `${layer}.${head}`;
    if (!kept.has(name)) {
      const answer = await fetch(`${root.dataset.array}?layer=${layer}&head=${head}`, { headers: { Accept: 'application/vnd.safetensors' } });
      kept.set(name, tensor(await answer.arrayBuffer()).values);
    }
    return kept.get(name);
  }

  const shown = (list) => list.map((_, k) => k).filter((k) => !hide() || !list[k].special);

  // With special tokens hidden every row is divided by what is left of it.
  function rows() {
    const [keep, cols] = [shown(tokens), shown(across)];
    const made = keep.map((i) => {
      const row = cols.map((j) => weights[i * size + j]);
      const sum = hide() ? row.reduce((a, b) => a + b, 0) || 1 : 1;
      return row.map((v) => v / sum);
    });
    return { keep, cols, made };
  }

  function overview() {
    if (!thumbs) return;
    const input = root.querySelector('[name=metric]:checked');
    root.querySelector('[data-metric-note]').textContent = input.dataset.note;
    const all = squares.map((square) => Number(square.dataset[input.value]));
    const [min, max] = [Math.min(...all), Math.max(...all)];
    const ramp = Array.from({ length: 256 }, (_, k) => colour.mix(Math.sqrt(k / 255)));
    squares.forEach((square, n) => {
      const canvas = square.firstElementChild;
      const pattern = input.value === 'pattern';
      [canvas.width, canvas.height] = pattern ? [wide, tall] : [1, 1];
      const pen = canvas.getContext('2d');
      const image = pen.createImageData(canvas.width, canvas.height);
      for (let k = 0; k < canvas.width * canvas.height; k += 1) {
        const shade = pattern ? ramp[thumbs[n * wide * tall + k]] : colour.mix(0.06 + 0.9 * (all[n] - min) / (max - min || 1));
        image.data.set([...shade, 255], k * 4);
      }
      pen.putImageData(image, 0, 0);
    });
  }

  function draw() {
    const { keep, cols, made } = rows();
    const names = keep.map((k) => tokens[k].name);
    const columns = cols.map((k) => across[k].name);
    const max = made.reduce((most, row) => row.reduce((a, b) => Math.max(a, b), most), 0) || 1;
    const at = token === null ? -1 : keep.indexOf(token);
    const z = made.map((row, i) => row.map((v) => Math.sqrt(v / max) * (at < 0 || at === i ? 1 : 0.15)));
    const width = plot.clientWidth;
    const column = (width - MARGIN.l - MARGIN.r) / columns.length; // px of the matrix
    const room = seen.length ? Math.min(column, MOST_ROOM) : (width - MARGIN.t - MARGIN.b) / names.length; // of a row
    const height = MARGIN.t + MARGIN.b + room * names.length;
    const ticked = (list, px) => {
      const tickvals = list.map((_, k) => k).filter((k) => k % Math.max(1, Math.ceil(TICK / px)) === 0);
      return { tickvals, ticktext: tickvals.map((k) => escape(list[k].length > 12 ? `${list[k].slice(0, 11)}…` : list[k])) };
    };
    const font = { family: getComputedStyle(document.body).fontFamily, size: 12, color: colour.plotly(colour.text) };
    const axis = { showgrid: false, zeroline: false, ticks: '', ticklabelstandoff: 5, fixedrange: false };
    const hover = made.map((row, i) => row.map((v, j) => `${escape(names[i])} → ${escape(columns[j])}: ${v.toFixed(3)}`));
    const trace = {
      type: 'heatmap', z, x: columns.map((_, k) => k), y: names.map((_, k) => k), text: hover, hoverinfo: 'text', showscale: false, zmin: 0, zmax: 1,
      xgap: columns.length > 60 ? 0 : 1, ygap: names.length > 60 ? 0 : 1,
      colorscale: Array.from({ length: 9 }, (_, k) => [k / 8, colour.plotly(colour.mix(k / 8))]),
    };
    const layout = {
      width, height, margin: MARGIN, font, paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)',
      xaxis: { ...axis, ...ticked(columns, column), side: 'top', tickangle: -90 },
      yaxis: { ...axis, ...ticked(names, room), autorange: 'reversed' },
      hoverlabel: { font: { family: font.family } }, dragmode: 'zoom',
    };
    window.Plotly.react(plot, [trace], layout, CONFIG);
    root.querySelector('[data-max]').textContent = max.toFixed(2);
    const wider = matchMedia('(min-width: 52rem)').matches;
    const beside = wider && room >= TICK; // else the tokens have rows of their own, which scroll
    const step = beside ? room : 24;
    const box = root.querySelector('[data-arcs]');
    box.style.setProperty('--row', `${step}px`);
    box.style.setProperty('--top', beside ? `${MARGIN.t}px` : '0px');
    box.style.setProperty('--tall', wider && !beside ? `${height}px` : 'none');
    list.forEach((button, k) => { button.parentElement.hidden = !keep.includes(k); button.setAttribute('aria-pressed', String(k === token)); });
    seen.forEach((each, k) => { each.parentElement.hidden = !cols.includes(k); });
    arcs(keep, cols, made, max, step);
    cap.textContent = at < 0 ? cap.dataset.rest : fill(cap.dataset.looks, { t: tokens[token].name, list: made[at].map((v, j) => [v, j]).sort((a, b) => b[0] - a[0]).slice(0, 3).map(([v, j]) => `“${columns[j]}” ${v.toFixed(2)}`).join(', ') });
  }

  function arcs(keep, cols, made, max, step) {
    svg.setAttribute('height', step * Math.max(keep.length, seen.length && cols.length));
    const found = made.flatMap((row, i) => row.map((v, j) => [v, i, j]));
    const links = found.filter(([v, i, j]) => (seen.length || i !== j) && v > 0.02 && (token === null || keep[i] === token)).sort((a, b) => b[0] - a[0]).slice(0, MOST_LINKS);
    svg.replaceChildren(...links.map(([v, i, j]) => {
      const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
      const [a, b] = [(i + 0.5) * step, (j + 0.5) * step];
      const reach = Math.min(100, 12 + Math.abs(b - a) * 0.32);
      path.setAttribute('d', seen.length ? `M2 ${a} C ${GAP / 2} ${a}, ${GAP / 2} ${b}, ${GAP} ${b}` : `M2 ${a} C ${reach} ${a}, ${reach} ${b}, 2 ${b}`);
      path.setAttribute('stroke-width', (0.5 + 2.5 * v / max).toFixed(2));
      path.setAttribute('stroke-opacity', (0.08 + (token === null ? 0.6 : 0.9) * (v / max) ** 1.5).toFixed(2));
      return path;
    }));
  }

  function table() {
    const { keep, cols, made } = rows();
    const links = made.flatMap((row, i) => row.map((v, j) => [v, keep[i], cols[j]])).sort((a, b) => b[0] - a[0]).slice(0, 15);
    root.querySelector('[data-links]').replaceChildren(...links.map(([v, i, j]) => {
      const row = document.createElement('tr');
      const head = Object.assign(document.createElement('th'), { scope: 'row', dir: 'auto', textContent: tokens[i].name });
      row.append(head, Object.assign(document.createElement('td'), { dir: 'auto', textContent: across[j].name }), Object.assign(document.createElement('td'), { textContent: v.toFixed(2) }));
      return row;
    }));
  }

  async function open(layer, head) {
    [l, h] = [layer, head];
    for (const square of squares) {
      const on = Number(square.dataset.l) === l && Number(square.dataset.h) === h;
      if (on) square.setAttribute('aria-current', 'true'); else square.removeAttribute('aria-current');
      square.tabIndex = on ? 0 : -1;
      if (!on) continue;
      root.querySelector('[data-fact=entropy]').textContent = Number(square.dataset.entropy).toFixed(2);
      if (square.dataset.distance) root.querySelector('[data-fact=distance]').textContent = Number(square.dataset.distance).toFixed(1);
      root.querySelector('[data-fact=special]').textContent = `${Math.round(square.dataset.special * 100)} %`;
    }
    title.textContent = fill(title.dataset.pattern, { l: l + 1, h: h + 1 });
    const found = await load(l, h);
    if (l !== layer || h !== head) return;
    weights = found;
    draw();
    table();
  }

  function isolate(k) {
    const wanted = k ?? pinned;
    if (wanted === token || !weights) return;
    token = wanted;
    draw();
  }

  root.addEventListener('click', (event) => {
    const link = event.target.closest('[data-heads] a, [data-notable] a');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    history.replaceState(null, '', link.getAttribute('href'));
    open(Number(link.dataset.l), Number(link.dataset.h));
  });
  root.querySelector('[data-heads]').addEventListener('keydown', (event) => {
    const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!move) return;
    const [nl, nh] = [Number(event.target.dataset.l) + move[0], Number(event.target.dataset.h) + move[1]];
    const next = squares.find((square) => Number(square.dataset.l) === nl && Number(square.dataset.h) === nh);
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
  list.forEach((button, k) => {
    button.tabIndex = k === 0 ? 0 : -1;
    button.addEventListener('pointerenter', () => isolate(k));
    button.addEventListener('focus', () => isolate(k));
    button.addEventListener('click', () => { pinned = pinned === k ? null : k; isolate(k); });
    button.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') { pinned = null; isolate(null); return; }
      const seen = list.filter((other) => !other.parentElement.hidden);
      const next = seen[seen.indexOf(button) + ({ ArrowDown: 1, ArrowUp: -1 }[event.key] ?? NaN)];
      if (!next) return;
      event.preventDefault();
      button.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    });
  });
  root.querySelector('[data-arcs]').addEventListener('pointerleave', () => isolate(null));
  root.addEventListener('change', (event) => {
    if (event.target.name === 'metric') overview();
    else { token = pinned = null; draw(); table(); }
  });
  repainted(() => { colour = colours(); overview(); if (weights) draw(); });
  fetch(root.dataset.overview).then(async (answer) => {
    [tall, wide] = answer.headers.get('X-Sides').split('x').map(Number);
    thumbs = new Uint8Array(await answer.arrayBuffer());
    overview();
  });
  open(l, h).then(() => plot.on('plotly_click', ({ points: [point] }) => { const k = rows().keep[point.y]; pinned = pinned === k ? null : k; isolate(k); }));
}
