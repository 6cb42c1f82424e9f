// A file may be dropped anywhere on the form: a table is sent and becomes a data set, a picture or a recording is explained, a short text goes where texts are typed.
const TABLE = /\.(csv|tsv|jsonl?|ndjson|parquet|pq)$/i;
const PICTURE = /\.(png|jpe?g|webp)$/i;
const RECORDING = /\.(wav|flac|og[ga]|opus|mp3)$/i;
const LONGEST = 20_000;

export function dropzone() {
  const zone = document.querySelector('[data-dropzone]');
  if (!zone) return;
  const form = zone.closest('form');
  const input = zone.querySelector('input[type=file]');
  const area = form.querySelector('textarea');
  const send = document.getElementById('send');
  zone.querySelector('[data-send]').hidden = true;

  async function take(file) {
    if (!file) return;
    const room = PICTURE.test(file.name) ? zone.dataset.pictures : RECORDING.test(file.name) ? zone.dataset.recordings : null;
    if (!room && !TABLE.test(file.name) && file.size < 4 * LONGEST) {
      const text = await file.text();
      input.value = '';
      if (text.length <= LONGEST && !text.includes('\0')) { area.value = text; area.focus(); return; }
    }
    if (input.files[0] !== file) {
      const chosen = new DataTransfer();
      chosen.items.add(file);
      input.files = chosen.files;
    }
    zone.querySelector('[data-file]').textContent = `${file.name} · ${zone.dataset.sending}`;
    if (room) send.action = room;
    if (form.elements.model) send.elements.model.value = room ? '' : form.elements.model.value; // a model of texts reads no file
    send.submit();
  }

  input.addEventListener('change', () => take(input.files[0]));
  for (const name of ['dragenter', 'dragover']) form.addEventListener(name, (event) => { event.preventDefault(); form.classList.add('over'); });
  for (const name of ['dragleave', 'drop']) form.addEventListener(name, (event) => { event.preventDefault(); form.classList.remove('over'); });
  form.addEventListener('drop', (event) => take(event.dataTransfer.files[0]));
}
