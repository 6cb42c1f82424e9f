// A picture that the server draws as SVG, saved as PNG: drawn by the browser at twice its size.
const SCALE = 2;

async function drawn(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(answer.statusText);
  const source = URL.createObjectURL(new Blob([await answer.text()], { type: 'image/svg+xml' }));
  try {
    const image = Object.assign(new Image(), { src: source });
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: image.naturalWidth * SCALE, height: image.naturalHeight * SCALE });
    canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((done) => { canvas.toBlob(done, 'image/png'); });
  } finally {
    URL.revokeObjectURL(source);
  }
}

export function pngs(root = document) {
  for (const link of root.querySelectorAll('[data-png]')) link.hidden = false;
}

export function savePictures() {
  pngs();
  document.addEventListener('click', async (event) => {
    const link = event.target.closest?.('a[data-png]');
    if (!link) return;
    event.preventDefault();
    const address = URL.createObjectURL(await drawn(link.href));
    Object.assign(document.createElement('a'), { href: address, download: link.download }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  });
}
