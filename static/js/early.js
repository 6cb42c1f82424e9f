// Before the first paint: the chosen colours, so that nothing flashes.
try {
  const chosen = localStorage.getItem('theme');
  if (chosen === 'dark' || chosen === 'light') document.documentElement.dataset.theme = chosen;
} catch { /* a private window keeps nothing */ }
