import { isDown, outagesOf } from '../analysis/outages.ts';
import { indexLog, type SliLog, type TrialLog } from '../analysis/log.ts';
import type { EventOf, TrialEvent } from '../model/events.ts';
import { defaultSlo } from '../model/probe.ts';
import type { Hint } from './hints.ts';

/** How a shift ended. */
export type Ending = Exclude<EventOf<'on-call'>['state'], 'began'>;

/** A command that the person on call gave. `exitCode` is absent while it runs. */
export interface TypedCommand {
  readonly atMs: number;
  readonly on: string;
  readonly command: string;
  readonly changes: boolean;
  readonly exitCode?: number;
}

/** What a person on call sees at one instant: nothing here depends on what was broken, or names it. All `…Ms` count from the start of the shift. */
export interface DrillState {
  readonly phase: 'preparing' | 'on-call' | 'over';
  /** How long the shift has lasted, or did. */
  readonly elapsedMs: number;
  readonly ended?: Ending;
  readonly slis: readonly {
    readonly sli: string;
    readonly title: string;
    readonly down: boolean;
    /** For how long it has been. */
    readonly downMs?: number;
    /** The last two minutes, oldest first: `+` good, `-` a failed request in it, ` ` nothing asked. */
    readonly strip: string;
  }[];
  /** Newest first. */
  readonly alerts: readonly {
    readonly atMs: number;
    readonly id: string;
    readonly title: string;
    readonly says?: string;
    readonly firing: boolean;
  }[];
  /** Newest first. */
  readonly commands: readonly TypedCommand[];
  readonly hints: readonly (Omit<EventOf<'hint'>, 'type' | 'index'> & { readonly atMs: number })[];
  readonly nextHint?: { readonly title: string; readonly costMs: number };
}

/** The strip of an SLI: so many parts, of so many ms. */
const strip = { parts: 40, partMs: 3000 };

/** What there is to see of a drill's events so far. @param nowMs on the trial's clock */
export function drillState(events: readonly TrialEvent[], hints: readonly Hint[], nowMs: number): DrillState {
  if (!events.some(({ type }) => type === 'trial.started'))
    return { phase: 'preparing', elapsedMs: 0, slis: [], alerts: [], commands: [], hints: [] };
  const log = indexLog(events);
  const shift = shiftOf(log);
  if (shift === undefined) return { phase: 'preparing', elapsedMs: 0, slis: [], alerts: [], commands: [], hints: [] };
  const { beganMs, ended } = shift;
  const taken = log.of('hint');
  const next = hints[taken.length];
  const since = (atMs: number) => Math.round(atMs - beganMs);
  return {
    phase: ended === undefined ? 'on-call' : 'over',
    elapsedMs: since(ended?.atMs ?? nowMs),
    ...(ended === undefined ? {} : { ended: ended.state }),
    slis: log.slis.map((sli) => sliNow(sli, nowMs)),
    alerts: alertsOf(log, beganMs),
    commands: [...commandsOf(log)].reverse().map((one) => ({ ...one, atMs: since(one.atMs) })),
    hints: taken.map(({ atMs, title, says, costMs }) => ({ atMs: since(atMs), title, says, costMs })),
    ...(next === undefined || ended !== undefined ? {} : { nextHint: { title: next.title, costMs: next.costMs } }),
  };
}

/** When a shift began and how it ended; undefined where there was none. Trial milliseconds. */
export function shiftOf(
  log: TrialLog,
): { readonly beganMs: number; readonly ended?: { readonly atMs: number; readonly state: Ending } } | undefined {
  const [began, ...later] = log.of('on-call');
  if (began === undefined) return undefined;
  const ended = later.find(({ state }) => state !== 'began');
  return {
    beganMs: began.atMs,
    ...(ended === undefined ? {} : { ended: { atMs: ended.atMs, state: ended.state as Ending } }),
  };
}

/** What was typed, in its order; instants in trial milliseconds. */
export function commandsOf(log: TrialLog): readonly TypedCommand[] {
  const ends = new Map(
    log.of('step').flatMap((s) => (s.part === 'runbook' && s.state !== 'started' ? [[s.index, s] as const] : [])),
  );
  return log
    .of('step')
    .filter((s) => s.part === 'runbook' && s.state === 'started')
    .map(({ atMs, index, on, command, changes }) => {
      const exitCode = ends.get(index)?.exitCode;
      return { atMs, on, command, changes, ...(exitCode === undefined ? {} : { exitCode }) };
    });
}

function sliNow(sli: SliLog, nowMs: number): DrillState['slis'][number] {
  const { samples, periodMs, slo = defaultSlo } = sli;
  const fromMs = nowMs - strip.parts * strip.partMs;
  const recent = samples.slice(-4096);
  const down = isDown(recent.slice(-64), { periodMs, slo });
  const began = down ? outagesOf(recent, { periodMs, slo }, recent[0]?.intendedMs ?? 0, nowMs).at(-1) : undefined;
  const marks = Array.from({ length: strip.parts }, () => ' ');
  for (const { intendedMs, ok } of recent) {
    const part = Math.floor((intendedMs - fromMs) / strip.partMs);
    if (part >= 0 && part < strip.parts && marks[part] !== '-') marks[part] = ok ? '+' : '-';
  }
  return {
    sli: sli.sli,
    title: sli.title,
    down,
    ...(began === undefined ? {} : { downMs: Math.round(nowMs - began.firstBadMs) }),
    strip: marks.join(''),
  };
}

function alertsOf(log: TrialLog, beganMs: number): DrillState['alerts'] {
  const titles = new Map(log.started.detectors.map(({ id, title }) => [id, title]));
  const firing = new Map<string, boolean>();
  const seen = log.of('detector').flatMap(({ atMs, detector, state, what }) => {
    if (state !== 'firing' && state !== 'quiet') return [];
    const was = firing.get(detector) ?? false;
    firing.set(detector, state === 'firing');
    // One that says another thing while it rings does not ring again.
    if (state !== 'firing' || was || atMs < beganMs) return [];
    return [
      {
        atMs: Math.round(atMs - beganMs),
        id: detector,
        title: titles.get(detector) ?? detector,
        ...(what === undefined ? {} : { says: what }),
      },
    ];
  });
  return seen
    .map((one, i) => ({
      ...one,
      // Only its latest ringing may still go on.
      firing: firing.get(one.id) === true && !seen.slice(i + 1).some(({ id }) => id === one.id),
    }))
    .reverse();
}
