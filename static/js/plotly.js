// What every drawing by Plotly has in common: no address of its own, labels that are text, colours of the style sheet.
export const escape = (text) => text.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' }[c]));
// Plotly's own words, of the buttons that stay.
const CHINESE = {
  'Download plot': '下载图表', 'Download plot as a PNG': '下载图表（PNG）', Zoom: '缩放', Pan: '平移', 'Zoom in': '放大', 'Zoom out': '缩小',
  'Reset axes': '重置坐标轴', 'Double-click to zoom back out': '双击恢复原来的范围', 'Double-click on legend to isolate one trace': '双击图例只看一条线',
};
export const CONFIG = {
  displaylogo: false, responsive: true, plotlyServerURL: '', showLink: false, modeBarButtonsToRemove: ['sendChartToCloud', 'select2d', 'lasso2d', 'autoScale2d'],
  locale: document.documentElement.lang.startsWith('zh') ? 'zh' : 'en-US', locales: { zh: { dictionary: CHINESE } },
};

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
