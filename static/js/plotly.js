// What every drawing by Plotly has in common: no address of its own, labels that are text, colours of the style sheet.
export const escape = (text) => text.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' }[c]));
export const CONFIG = { displaylogo: false, responsive: true, plotlyServerURL: '', showLink: false, modeBarButtonsToRemove: ['sendChartToCloud', 'select2d', 'lasso2d', 'autoScale2d'] };

// Each custom property as [red, green, blue], in the theme that is shown.
export function rgb(...names) {
  const probe = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', { willReadFrequently: true });
  const box = document.createElement('i');
  document.body.append(box);
  const found = names.map((name) => {
    box.style.color = `var(${name})`;
    probe.fillStyle = getComputedStyle(box).color;
    probe.fillRect(0, 0, 1, 1);
    return [...probe.getImageData(0, 0, 1, 1).data].slice(0, 3);
  });
  box.remove();
  return found;
}

// Calls back when colours or widths change.
export function repainted(paint) {
  document.documentElement.addEventListener('themechange', paint);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', paint);
  let resized = 0;
  addEventListener('resize', () => { clearTimeout(resized); resized = setTimeout(paint, 100); });
}
