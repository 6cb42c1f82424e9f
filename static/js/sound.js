// The recording is played whole, without the marked stretches, or with nothing else; what is absent sounds as the model heard it.
export function sound() {
  const sheet = document.querySelector('[data-sound]');
  const says = sheet.querySelector('[data-says]');
  const head = sheet.querySelector('[data-head]');
  const marks = [...document.querySelectorAll('[data-mark]')];
  const spans = [...sheet.querySelectorAll('[data-span]')];
  const marked = new Set(marks.filter((each) => each.getAttribute('aria-pressed') === 'true').map((each) => each.dataset.mark));
  let context = null;
  let playing = null;
  let sounds = null;
  sheet.querySelector('[data-players]').hidden = false;

  function show() {
    for (const each of marks) each.setAttribute('aria-pressed', String(marked.has(each.dataset.mark)));
    for (const each of spans) each.classList.toggle('lit', marked.has(each.dataset.span));
    const named = [...marked].sort((a, b) => a - b).map((number) => marks.find((each) => each.dataset.mark === number).textContent.trim());
    says.textContent = named.length ? `${says.dataset.marked} ${named.join(', ')}` : says.dataset.none;
  }
  function turn(number) {
    if (!number) return;
    marked.has(number) ? marked.delete(number) : marked.add(number);
    show();
  }
  async function loaded(address) {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(answer.statusText);
    return (await context.decodeAudioData(await answer.arrayBuffer())).getChannelData(0);
  }
  function stop() {
    playing?.stop();
    playing = null;
  }
  async function play(how) {
    stop();
    try {
      context ??= new AudioContext();
      sounds ??= await Promise.all([loaded(sheet.dataset.sound), sheet.dataset.absent ? loaded(sheet.dataset.absent) : null]);
    } catch {
      says.textContent = says.dataset.failed;
      return;
    }
    const [whole, absent] = sounds;
    const buffer = context.createBuffer(1, whole.length, context.sampleRate);
    const heard = buffer.getChannelData(0);
    heard.set(whole);
    for (const each of how === 'all' ? [] : spans) {
      if (marked.has(each.dataset.span) === (how === 'only')) continue;
      const box = each.viewportElement.viewBox.baseVal.width;
      const from = Math.round((whole.length * (each.x.baseVal.value - 1)) / box);
      const to = Math.round((whole.length * (each.x.baseVal.value + each.width.baseVal.value + 1)) / box);
      absent ? heard.set(absent.subarray(from, to), from) : heard.fill(0, from, to);
    }
    playing = new AudioBufferSourceNode(context, { buffer });
    playing.connect(context.destination);
    const mine = playing;
    const began = context.currentTime;
    playing.onended = () => { if (playing === mine) playing = null; };
    playing.start();
    requestAnimationFrame(function move() {
      const at = playing === mine ? (1000 * (context.currentTime - began)) / buffer.duration : -9;
      head.setAttribute('x1', at);
      head.setAttribute('x2', at);
      if (playing === mine) requestAnimationFrame(move);
    });
  }

  for (const each of marks) each.addEventListener('click', () => turn(each.dataset.mark));
  for (const each of spans) each.addEventListener('click', () => turn(each.dataset.span));
  for (const each of sheet.querySelectorAll('[data-play]')) each.addEventListener('click', () => play(each.dataset.play));
  show();
}
