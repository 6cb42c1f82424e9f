// The drawings of an audit, to zoom into and to read: curves and heat maps. Without scripts they are pictures.
import { CONFIG, escape, repainted, rgb } from './plotly.js';

const SHADES = ['--line-1', '--line-2', '--line-3', '--line-4', '--line-5', '--line-6'];
const DASHES = ['solid', 'dash', 'dashdot', 'dot', 'longdash', 'longdashdot'];
const CLEAR = 'rgba(0,0,0,0)';
const css = (colour) => `rgb(${colour.join(',')})`;
const short = (text, most) => escape(text.length > most ? `${text.slice(0, most - 1)}…` : text);
const said = (value, digits, signed) => `${value < 0 ? '−' : signed ? '+' : ''}${Math.abs(value).toFixed(digits)}`;

function shared(width) {
  const [text, line] = rgb('--ink-2', '--line');
  const font = { family: getComputedStyle(document.body).fontFamily, size: 12, color: css(text) };
  const axis = { zeroline: false, gridcolor: css(line), linecolor: css(line), automargin: false, ticks: '' };
  const layout = {
    width, font, paper_bgcolor: CLEAR, plot_bgcolor: CLEAR, hoverlabel: { font: { family: font.family } },
    modebar: { bgcolor: CLEAR, color: css(text), activecolor: css(text) },
    dragmode: matchMedia('(pointer: coarse)').matches ? false : 'zoom', // a finger scrolls the page
  };
  return { axis, layout };
}

function lines(chart, width) {
  const { axis, layout } = shared(width);
  const shades = rgb(...SHADES).map(css);
  const traces = chart.curves.map(({ name, points, group }) => ({
    type: 'scatter', mode: points.length > 40 ? 'lines' : 'lines+markers', name: escape(name),
    x: points.map(([x]) => x), y: points.map(([, y]) => y), hoverinfo: 'text', marker: { size: 5 }, cliponaxis: false,
    text: points.map(([x, y, n]) => (y === null ? '' : `${escape(name)}<br>${escape(chart.x)} ${x.toFixed(3)}<br>${escape(chart.y)} ${y.toFixed(3)}${n ? `<br>n ${n}` : ''}`)),
    line: { color: shades[group % shades.length], dash: DASHES[group % DASHES.length], width: group ? 1.75 : 2.5, shape: 'linear' },
  }));
  const [rule, paper] = rgb('--line-strong', '--surface').map(css);
  const stroke = (x0, y0, x1, y1) => ({ type: 'line', layer: 'below', x0, y0, x1, y1, line: { color: rule, width: 1, dash: 'dot' } });
  const shapes = [chart.diagonal && stroke(0, 0, 1, 1), chart.mark !== null && stroke(chart.mark, 0, chart.mark, 1)].filter(Boolean);
  const annotations = chart.curves.map(({ name, group, label }) => ({ // a name stands at its line
    text: short(name, 24), x: label.x, y: label.y, xanchor: label.side, yanchor: 'middle', showarrow: false,
    bgcolor: paper, opacity: 0.92, borderpad: 1, font: { size: 12, weight: 700, color: shades[group % shades.length] },
  }));
  const side = Math.min(width - 70, 400);
  return [traces, {
    ...layout, shapes, annotations, showlegend: false, height: (chart.diagonal ? side : 300) + 82,
    margin: { l: 56, r: chart.diagonal ? width - side - 56 : 14, t: 34, b: 48 },
    xaxis: { ...axis, title: { text: escape(chart.x), standoff: 8 }, range: [0, 1] },
    yaxis: { ...axis, title: { text: escape(chart.y), standoff: 8 }, range: [0, 1.02] },
  }];
}

function heat(chart, width) {
  const { axis, layout } = shared(width);
  const [low, middle, high] = rgb('--heat-lower', '--heat-mid', '--heat-raise').map(css);
  const digits = chart.signed ? 1 : 3;
  const most = width > 700 ? 36 : 18;
  const longest = (names, letters) => Math.min(letters, Math.max(...names.map((name) => name.length)));
  const [left, above] = [44 + 6.4 * longest(chart.rows, most), 60 + 6.4 * longest(chart.columns, 16)];
  const step = chart.rows.length > 24 ? 16 : 26;
  const places = (names) => names.map((_, k) => k);
  const small = { size: 12 };
  const trace = {
    type: 'heatmap', z: chart.values, x: places(chart.columns), y: places(chart.rows), xgap: 1, ygap: 1, hoverinfo: 'text', hoverongaps: false,
    text: chart.values.map((row, i) => row.map((value, j) => (value === null ? '' : `${escape(chart.rows[i])} → ${escape(chart.columns[j])}<br>${said(value, digits, chart.signed)} ${escape(chart.label)}`))),
    zmin: chart.low, zmax: chart.high, colorscale: chart.signed ? [[0, low], [0.5, middle], [1, high]] : [[0, middle], [1, high]],
showscale: false, // Plotly's own scale sets style attributes, which the policy of the page forbids
  };
  const bare = { ...axis, showgrid: false, tickfont: small, ticklabelstandoff: 4 };
  return [[trace], {
    ...layout, height: above + step * chart.rows.length + 16, margin: { l: left, r: 10, t: above, b: 16 },
    xaxis: { ...bare, title: { text: escape(chart.x), standoff: 4 }, side: 'top', tickangle: -90, tickvals: trace.x, ticktext: chart.columns.map((name) => short(name, 16)) },
    yaxis: { ...bare, title: { text: escape(chart.y), standoff: 4 }, autorange: 'reversed', tickvals: trace.y, ticktext: chart.rows.map((name) => short(name, most)) },
  }];
}

export async function charts() {
  const root = document.querySelector('[data-charts]');
  const answer = await fetch(root.dataset.charts);
  if (!answer.ok) return; // the pictures stay
  const drawn = await answer.json();
  const places = [...root.querySelectorAll('[data-chart]')].filter((place) => drawn[place.dataset.chart]);
  const paint = () => {
    for (const place of places) {
      const chart = drawn[place.dataset.chart];
      const [traces, layout] = (chart.kind === 'heat' ? heat : lines)(chart, place.clientWidth);
      window.Plotly.react(place, traces, layout, { ...CONFIG, responsive: false });
    }
  };
  for (const place of places) {
    place.hidden = false;
    place.parentElement.querySelector('img').hidden = true;
  }
  paint();
  repainted(paint);
  const review = document.querySelector('[data-review]');
  const matrix = review && places.find((place) => place.dataset.chart === 'matrix');
  if (!matrix) return;
  matrix.on('plotly_click', ({ points: [point] }) => { // a pair is chosen where it is seen
    const { rows, columns } = drawn.matrix;
    review.elements.before.value = rows[point.y];
    review.elements.after.value = columns[point.x];
    review.querySelector('button').focus();
  });
}
