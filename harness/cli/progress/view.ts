import type { ProgressEvent, ProgressSetup } from '../../model/progress.ts';
import { countOf, humanDuration } from '../../model/units.ts';
import type { Paint } from '../output.ts';
import { toneOf } from '../../model/outcome.ts';

/** What is going on now, kept from the events so far. Plain data; `advance` makes the next one. */
export interface View {
  readonly startedMs: number;
  readonly setup?: ProgressSetup & { readonly atMs: number };
  readonly run?: { readonly scenario: string; readonly profile: string; readonly trials: number };
  /** Which of several scenarios. */
  readonly series?: { readonly index: number; readonly of: number };
  readonly trial?: {
    readonly id: string;
    readonly index: number;
    readonly of: number;
    /** The run ends at a look, maybe before that many. */
    readonly decide: boolean;
    readonly startedMs: number;
    /** When the run ends by today's estimate. */
    readonly endsMs?: number;
  };
  readonly phase?: {
    readonly name: string;
    readonly startedMs: number;
    readonly deadlineMs?: number;
    readonly detail?: string;
  };
  readonly step?: { readonly part: string; readonly name: string; readonly on: string; readonly startedMs: number };
  readonly slis?: { readonly good: readonly string[]; readonly bad: readonly string[] };
  /** Alerts that were told of in this trial: one that keeps firing is told once. */
  readonly told: readonly string[];
}

/** Nothing has happened yet. */
export function emptyView(nowMs: number): View {
  return { startedMs: nowMs, told: [] };
}

/** A line for the log: what is over, or what just began. */
export interface Line {
  /** `begin` lines are shown in a plain log only; on a terminal the moving line stands for them. */
  readonly kind: 'begin' | 'end';
  readonly level: 'info' | 'good' | 'bad' | 'warning' | 'head';
  /** How deep it stands. */
  readonly indent: number;
  readonly text: string;
}

/** A machine's set-up repeats itself many times a second; a log wants it no more often than this. */
const setupQuietMs = 15_000;

/** The next view after an event, and the lines that it adds to the log. Pure: time comes in as `nowMs`. */
export function advance(
  view: View,
  event: ProgressEvent,
  nowMs: number,
): { readonly view: View; readonly lines: readonly Line[] } {
  switch (event.type) {
    case 'setup':
      return advanceSetup(view, event, nowMs);
    case 'series': {
      const { index, of, scenario, etaMs } = event;
      const { trial: _t, phase: _p, step: _s, slis: _i, ...rest } = view;
      return {
        view: { ...rest, series: { index, of } },
        lines: [head(`scenario ${index} of ${of}: ${scenario}, about ${roughly(etaMs)} left for all`)],
      };
    }
    case 'run': {
      const estimate = event.etaMs === undefined ? '' : `, about ${roughly(event.etaMs)}`;
      const size = event.decide === true ? `at most ${countOf(event.trials, 'trial')}` : countOf(event.trials, 'trial');
      const upTo = event.decide === true && estimate !== '' ? ' to the first look' : '';
      const { setup: _, ...rest } = view;
      return {
        view: { ...rest, run: { scenario: event.scenario, profile: event.profile, trials: event.trials } },
        lines: [
          head(`${event.scenario} (${event.profile} profile): ${size}${estimate}${upTo}`),
          end('info', 0, `reports: ${event.runDir}`),
        ],
      };
    }
    case 'trial': {
      const { phase: _p, step: _s, slis: _i, ...rest } = view;
      const ends = event.etaMs === undefined ? {} : { endsMs: nowMs + event.etaMs };
      const decide = event.decide === true;
      const place = placeOf({ ...event, decide });
      return {
        view: {
          ...rest,
          told: [],
          trial: { id: event.id, index: event.index, of: event.of, decide, startedMs: nowMs, ...ends },
        },
        lines: [head(`${place}: ${event.runbook}${leftOf(event.etaMs, decide)}`)],
      };
    }
    case 'phase':
      return advancePhase(view, event, nowMs);
    case 'detected': {
      if (view.told.includes(event.id)) return { view, lines: [] };
      const when =
        event.sinceInjectMs === undefined ? 'before the fault' : `after ${humanDuration(event.sinceInjectMs)}`;
      const what = event.what ?? event.title;
      return {
        view: { ...view, told: [...view.told, event.id] },
        lines: [end('warning', 2, `alert ${event.id} ${when}: ${what}`)],
      };
    }
    case 'step': {
      const what = `${event.part} "${event.name}" on ${event.on}`;
      if (event.state === 'started') {
        return {
          view: { ...view, step: { part: event.part, name: event.name, on: event.on, startedMs: nowMs } },
          lines: [begin('info', 2, `${what} ...`)],
        };
      }
      const { step: _, ...rest } = view;
      const took = event.state === 'skipped' ? '' : ` (${humanDuration(event.elapsedMs)})`;
      const why = event.detail === undefined ? '' : `: ${event.detail}`;
      const level = event.state === 'failed' ? 'bad' : event.state === 'done' ? 'good' : 'info';
      return { view: rest, lines: [end(level, 2, `${what} ${event.state}${took}${why}`)] };
    }
    case 'slis': {
      const text = event.bad.length === 0 ? 'all SLIs are good' : `bad: ${event.bad.join(', ')}`;
      return {
        view: { ...view, slis: { good: event.good, bad: event.bad } },
        lines: [begin(event.bad.length === 0 ? 'info' : 'warning', 2, text)],
      };
    }
    case 'outcome': {
      const { phase: _p, step: _s, slis: _i, trial, ...rest } = view;
      const tone = toneOf(event.outcome);
      const took = event.ttrMs === undefined ? '' : ` in ${humanDuration(event.ttrMs)}`;
      const wall = trial === undefined ? '' : ` [trial took ${humanDuration(nowMs - trial.startedMs)}]`;
      const text = `${event.runbook}: ${event.outcome}${took}: ${event.reason}${wall}`;
      return { view: rest, lines: [end(tone === 'none' ? 'warning' : tone, 1, text)] };
    }
    case 'note':
      return {
        view,
        lines: [end(event.level === 'warning' ? 'warning' : 'info', view.phase === undefined ? 0 : 2, event.text)],
      };
  }
}

/** How many trials there will be of a run that ends when it is decided nobody knows. */
const placeOf = ({ index, of, decide }: { readonly index: number; readonly of: number; readonly decide: boolean }) =>
  `trial ${index} of ${decide ? 'at most ' : ''}${of}`;

const leftOf = (etaMs: number | undefined, decide: boolean): string =>
  etaMs === undefined ? '' : `, about ${roughly(etaMs)} ${decide ? 'to the next look' : 'left'}`;

function advanceSetup(view: View, event: ProgressSetup, nowMs: number): { view: View; lines: readonly Line[] } {
  const place = `[${event.index}/${event.of}] ${event.part}`;
  const detail = event.detail === undefined ? '' : `: ${event.detail}`;
  const left = event.etaMs === undefined ? '' : ` (about ${roughly(event.etaMs)} left)`;
  const text = `${place} ${event.state}${detail}${left}`;
  const heard = (atMs: number): View => ({ ...view, setup: { ...event, atMs } });
  switch (event.state) {
    case 'started':
      return { view: heard(nowMs), lines: [begin('info', 0, text)] };
    case 'working': {
      const before = view.setup;
      const quietSince = before?.part === event.part && nowMs - before.atMs < setupQuietMs ? before.atMs : undefined;
      // atMs is when the log last heard of this part, so that a chatty one does not silence itself for ever.
      return { view: heard(quietSince ?? nowMs), lines: quietSince !== undefined ? [] : [begin('info', 0, text)] };
    }
    case 'skipped':
      // What is there already is the usual case and no news.
      return { view: heard(nowMs), lines: [] };
    case 'done':
    case 'failed':
      return { view: heard(nowMs), lines: [end(event.state === 'failed' ? 'bad' : 'good', 0, text)] };
  }
}

function advancePhase(
  view: View,
  event: Extract<ProgressEvent, { type: 'phase' }>,
  nowMs: number,
): { view: View; lines: readonly Line[] } {
  const detail = event.detail === undefined ? {} : { detail: event.detail };
  if (event.state === 'started') {
    if (view.phase?.name === event.name) {
      // The same phase again says what it is doing now.
      return { view: { ...view, phase: { ...view.phase, ...detail } }, lines: [] };
    }
    const deadline = event.deadlineMs === undefined ? {} : { deadlineMs: event.deadlineMs };
    const within = event.deadlineMs === undefined ? '' : ` (at most ${humanDuration(event.deadlineMs)})`;
    return {
      view: { ...view, phase: { name: event.name, startedMs: nowMs, ...deadline, ...detail } },
      lines: [begin('info', 1, `${event.name} ...${within}`)],
    };
  }
  const { phase, step: _, ...rest } = view;
  const took = phase?.name === event.name ? ` ${humanDuration(nowMs - phase.startedMs)}` : '';
  const why = event.detail === undefined ? '' : `: ${event.detail}`;
  const failed = event.state === 'failed';
  const text = `${event.name.padEnd(9)}${failed ? ' failed after' : ''}${took}${why}`;
  return { view: rest, lines: [end(failed ? 'bad' : 'good', 1, text)] };
}

/** The moving lines at the foot of a terminal: set-up bar, or trial, phase with its clock, step, SLIs. At most `width` wide. */
export function footer(view: View, nowMs: number, width: number, paint: Paint): readonly string[] {
  const lines: string[] = [];
  const add = (text: string, style?: Parameters<Paint>[0]) => {
    const cut = text.length > width ? `${text.slice(0, Math.max(1, width - 1))}…` : text;
    lines.push(style === undefined ? cut : paint(style, cut));
  };
  if (view.setup !== undefined && view.trial === undefined && view.setup.state !== 'failed') {
    const { index, of, part, detail, etaMs } = view.setup;
    // Parts that are over: the current one counts when it is.
    const over = view.setup.state === 'done' || view.setup.state === 'skipped' ? index : index - 1;
    if (over < of) {
      const left = etaMs === undefined ? '' : `  about ${roughly(etaMs)} left`;
      add(`${bar(of === 0 ? 0 : over / of, 24)} ${over}/${of}  ${humanClock(nowMs - view.startedMs)}${left}`, 'cyan');
      add(`  ${part}${detail === undefined ? '' : `: ${detail}`}`);
    }
  }
  if (view.phase !== undefined) {
    const { name, startedMs, deadlineMs, detail } = view.phase;
    const elapsed = nowMs - startedMs;
    const clock =
      deadlineMs === undefined ? humanClock(elapsed) : `${humanClock(elapsed)} of at most ${humanClock(deadlineMs)}`;
    add(`> ${name.padEnd(9)} ${clock}${detail === undefined ? '' : `  ${detail}`}`, 'cyan');
  }
  if (view.step !== undefined) {
    const { part, name, on, startedMs } = view.step;
    add(`    ${part} "${name}" on ${on}  ${humanClock(nowMs - startedMs)}`);
  }
  if (view.slis !== undefined) {
    const { good, bad } = view.slis;
    if (bad.length > 0) add(`    bad:  ${bad.join(' ')}`, 'red');
    if (good.length > 0) add(`    good: ${good.join(' ')}`, 'green');
  }
  if (view.trial !== undefined) {
    const { endsMs, decide } = view.trial;
    const left = leftOf(endsMs === undefined ? undefined : Math.max(0, endsMs - nowMs), decide);
    const series = view.series === undefined ? '' : `scenario ${view.series.index} of ${view.series.of}, `;
    add(`    ${series}${placeOf(view.trial)}, ${humanClock(nowMs - view.startedMs)} since the start${left}`, 'dim');
  }
  return lines;
}

const begin = (level: Line['level'], indent: number, text: string): Line => ({ kind: 'begin', level, indent, text });
const end = (level: Line['level'], indent: number, text: string): Line => ({ kind: 'end', level, indent, text });
const head = (text: string): Line => end('head', 0, text);

/** An estimate has no seconds: `25 min`, `1 h 10 min`, `less than a minute`. */
export function roughly(ms: number): string {
  if (!(ms >= 60_000)) return 'a minute';
  const minutes = Math.round(ms / 60_000);
  return humanDuration(minutes * 60_000).replace(/^60 s$/, '1 min');
}

/** `0:07`, `12:40`, `1:02:03`: a running clock. */
export function humanClock(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number) => String(n).padStart(2, '0');
  const h = Math.floor(s / 3600);
  const m = Math.floor((s % 3600) / 60);
  return h > 0 ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}

/** `[######------]`. */
export function bar(share: number, width: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return `[${'#'.repeat(full)}${'-'.repeat(width - full)}]`;
}
