// The page of a drill. Asks for the state once a second and draws what has changed; everything is put in as text, never as markup.
/** @typedef {import('../state.ts').DrillState} DrillState */
/** @typedef {DrillState & { readonly debrief?: boolean }} Told */

const everyMs = 1000;
const of = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @param {string} tag @param {string} [className] @param {string} [text] */
function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className !== undefined && className !== '') element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

/** `4:07`. @param {number} ms */
function clock(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`;
}

/** What was drawn last, by the id of its element: what has not changed is left alone, lest a screen reader read it again. @type {Map<string, string>} */
const drawn = new Map();
/** @param {string} id @param {unknown} from @param {() => readonly Node[]} nodes */
function draw(id, from, nodes) {
  const key = JSON.stringify(from);
  if (drawn.get(id) === key) return;
  drawn.set(id, key);
  of(id).replaceChildren(...nodes());
}

/** @param {readonly HTMLElement[]} items @param {string} none */
const orNone = (items, none) => (items.length === 0 ? [make('li', 'muted', none)] : items);

const endings = {
  restored: 'Service is back and has held. Well done.',
  limit: 'Time is up.',
  'gave-up': 'You gave up.',
  left: 'The shell was left before service was back.',
};

/** @param {DrillState['slis'][number]} sli */
function sliItem(sli) {
  const item = make('li');
  item.append(make('span', `badge ${sli.down ? 'bad' : 'good'}`, sli.down ? '✗ down' : '✓ up'), ` ${sli.title}`);
  if (sli.downMs !== undefined) item.append(make('span', 'muted', ` for ${clock(sli.downMs)}`));
  const strip = make('div', 'strip');
  strip.setAttribute('aria-hidden', 'true');
  for (const mark of sli.strip) strip.append(make('i', mark === '-' ? 'bad' : mark === '+' ? '' : 'none'));
  item.append(strip);
  return item;
}

/** @param {Told} state */
function show(state) {
  of('lost').hidden = true;
  const down = state.slis.filter((sli) => sli.down).length;
  of('clock').textContent = clock(state.elapsedMs);
  const status =
    state.phase === 'preparing'
      ? 'A healthy cluster is being prepared.'
      : state.ended !== undefined
        ? `${endings[state.ended]} ${state.debrief === true ? '' : 'The debrief is being written.'}`
        : down === 0
          ? 'You are on call. Nothing is down.'
          : `You are on call. Down for users: ${down} of ${state.slis.length}.`;
  draw('status', status, () => [document.createTextNode(status)]);
  document.title = `${down > 0 && state.ended === undefined ? `(${down} down) ` : ''}${clock(state.elapsedMs)} On call`;
  of('top').className =
    `verdict ${state.ended === 'restored' ? 'use' : state.ended !== undefined ? 'over' : down > 0 ? 'none' : 'calm'}`;
  draw('slis', state.slis, () => orNone(state.slis.map(sliItem), 'Not asked yet.'));
  draw('alerts', state.alerts, () =>
    orNone(
      state.alerts.map((alert) => {
        const item = make('li');
        item.append(
          make('span', 'when', clock(alert.atMs)),
          make('span', `badge ${alert.firing ? 'bad' : ''}`, alert.firing ? '▲ firing' : 'resolved'),
          ` ${alert.title} `,
          make('code', '', alert.id),
        );
        if (alert.says !== undefined) item.append(make('small', '', alert.says));
        return item;
      }),
      'No alert has rung.',
    ),
  );
  draw('commands', state.commands, () =>
    orNone(
      state.commands.map((typed) => {
        const item = make('li');
        item.append(
          make('span', 'when', clock(typed.atMs)),
          make('code', '', typed.on === 'workstation' ? typed.command : `ssh ${typed.on}: ${typed.command}`),
        );
        const notes = [
          ...(typed.changes ? ['changes something'] : []),
          ...(typed.exitCode === undefined ? ['running'] : typed.exitCode === 0 ? [] : [`exit code ${typed.exitCode}`]),
        ];
        if (notes.length > 0) item.append(make('small', '', notes.join(', ')));
        return item;
      }),
      'No command yet.',
    ),
  );
  draw('hints', state.hints, () =>
    orNone(
      state.hints.map((hint) => {
        const item = make('li');
        item.append(
          make('span', 'when', clock(hint.atMs)),
          make('strong', '', hint.title),
          make('div', 'says', hint.says),
          make('small', '', `cost ${clock(hint.costMs)}`),
        );
        return item;
      }),
      'No hint taken.',
    ),
  );
  const actions = document.getElementById('actions');
  if (actions === null) return;
  actions.hidden = state.phase !== 'on-call';
  const button = /** @type {HTMLButtonElement} */ (of('hint'));
  button.disabled = state.nextHint === undefined;
  button.textContent =
    state.nextHint === undefined
      ? 'There are no more hints'
      : `Hint: ${state.nextHint.title} (costs ${clock(state.nextHint.costMs)})`;
}

/** The state and how often it could not be had in a row. */
let misses = 0;
async function ask() {
  try {
    const response = await fetch('state', { cache: 'no-store' });
    if (!response.ok) throw new Error(response.statusText);
    /** @type {Told} */
    const state = await response.json();
    misses = 0;
    show(state);
    if (state.debrief === true) {
      location.replace('debrief');
      return;
    }
  } catch {
    misses++;
    if (misses >= 3) of('lost').hidden = false;
  }
  setTimeout(() => void ask(), everyMs);
}

/** @param {'hint' | 'give-up'} what */
const post = (what) => fetch(what, { method: 'POST', headers: { 'x-drill': '1' } }).catch(() => undefined);

const dialog = /** @type {HTMLDialogElement | null} */ (document.getElementById('sure'));
if (dialog !== null) {
  of('hint').addEventListener('click', () => void post('hint'));
  of('give-up').addEventListener('click', () => {
    dialog.showModal();
  });
  dialog.addEventListener('close', () => {
    if (dialog.returnValue === 'yes') void post('give-up');
  });
}
void ask();
