import { indexLog, type TrialLog } from '../analysis/log.ts';
import type { Overview, OverviewRunbook } from '../analysis/overview.ts';
import { outagesOf } from '../analysis/outages.ts';
import { analyseTrial } from '../analysis/record.ts';
import { isRight } from '../model/detector.ts';
import type { TrialEvent } from '../model/events.ts';
import type { WholeRecord } from '../model/record.ts';
import { midpoint, uncensored } from '../model/units.ts';
import { commandsOf, shiftOf, type Ending, type TypedCommand } from './state.ts';

/** One thing that happened in a drill. */
export interface Happening {
  /** Since the onset, in ms; negative before it. */
  readonly atMs: number;
  readonly kind: 'fault' | 'down' | 'up' | 'alert' | 'command' | 'hint' | 'shift';
  readonly says: string;
  /** What was typed. */
  readonly code?: string;
}

/** What a drill comes to. All times are ms since the onset. */
export interface Debrief {
  /** Absent where it was cut off, or nothing broke. */
  readonly ending?: Ending;
  readonly record: WholeRecord;
  /** Whether there was an outage at all. */
  readonly broke: boolean;
  /** Since when service was stable; absent where it never was. */
  readonly recoveredMs?: number;
  readonly hints: { readonly count: number; readonly costMs: number };
  /** The first alert of the right diagnosis; absent where none rang before anything was changed. */
  readonly firstUsefulAlert?: {
    readonly id: string;
    readonly title: string;
    readonly says?: string;
    readonly atMs: number;
  };
  readonly firstLookMs?: number;
  readonly firstChangeMs?: number;
  readonly commands: { readonly looks: number; readonly changes: number; readonly failed: number };
  readonly story: readonly Happening[];
  /** What runbooks took in kept runs of the same outage and profile, the best first. */
  readonly documented: readonly OverviewRunbook[];
}

/**
 * What happened in a drill, from its events and from nothing else.
 * @param kept the same outage as kept runs have it; those that rehearsed it in the drill's profile are named beside the person
 */
export function debriefOf(events: readonly TrialEvent[], kept: readonly Overview[]): Debrief {
  const log = indexLog(events);
  const record = analyseTrial(events);
  const shift = shiftOf(log);
  const zero = record.onset === undefined ? (shift?.beganMs ?? 0) : midpoint(record.onset);
  const after = (atMs: number) => Math.round(atMs - zero);
  const commands = commandsOf(log);
  const first = (changes: boolean) => commands.find((one) => one.changes === changes && one.atMs >= zero)?.atMs;
  const [firstLook, firstChange] = [first(false), first(true)];
  const alert = firstUseful(log, zero, firstChange ?? Infinity);
  const hints = log.of('hint');
  const recovered = uncensored(record.ttr);
  const count = (of: (one: TypedCommand) => boolean) => commands.filter(of).length;
  return {
    ...(shift?.ended === undefined ? {} : { ending: shift.ended.state }),
    record,
    broke: record.onset !== undefined,
    ...(recovered === undefined ? {} : { recoveredMs: midpoint(recovered) }),
    hints: { count: hints.length, costMs: hints.reduce((sum, { costMs }) => sum + costMs, 0) },
    ...(alert === undefined ? {} : { firstUsefulAlert: { ...alert, atMs: after(alert.atMs) } }),
    ...(firstLook === undefined ? {} : { firstLookMs: after(firstLook) }),
    ...(firstChange === undefined ? {} : { firstChangeMs: after(firstChange) }),
    commands: {
      looks: count((one) => !one.changes),
      changes: count((one) => one.changes),
      failed: count((one) => one.exitCode !== undefined && one.exitCode !== 0),
    },
    story: storyOf(log, record, zero),
    documented: kept
      .filter(({ profile, distribution = 'kubeadm' }) => profile === record.profile && distribution === 'kubeadm')
      .flatMap(({ runbooks }) => runbooks.filter((r) => !r.prevention && r.n > 0)),
  };
}

function firstUseful(log: TrialLog, fromMs: number, beforeMs: number) {
  const declared = new Map(log.started.detectors.map((d) => [d.id, d]));
  const found = log.of('detector').find((event) => {
    const detector = declared.get(event.detector);
    if (event.state !== 'firing' || event.atMs < fromMs || event.atMs >= beforeMs) return false;
    return detector !== undefined && isRight(detector, event);
  });
  if (found === undefined) return undefined;
  const { detector: id, what, atMs } = found;
  return { id, title: declared.get(id)?.title ?? id, ...(what === undefined ? {} : { says: what }), atMs };
}

const endings: Readonly<Record<Ending, string>> = {
  restored: 'service had held for the stability window',
  limit: 'time was up',
  'gave-up': 'given up',
  left: 'the shell was left',
};

function storyOf(log: TrialLog, record: WholeRecord, zero: number): readonly Happening[] {
  const shift = shiftOf(log);
  if (shift === undefined) return [];
  const titles = new Map(log.started.detectors.map(({ id, title }) => [id, title]));
  const ringing = new Set<string>();
  const alerts = log.of('detector').flatMap(({ atMs, detector, state, what }) => {
    const rang = ringing.has(detector);
    if (state === 'firing') ringing.add(detector);
    else if (state === 'quiet') ringing.delete(detector);
    if (state !== 'firing' || rang) return [];
    return [
      {
        atMs,
        kind: 'alert',
        says: `${titles.get(detector) ?? detector}${what === undefined ? '' : `: ${what}`}`,
      } as const,
    ];
  });
  const endMs = shift.ended?.atMs ?? log.lastMs;
  const users = log.slis.flatMap((sli) =>
    outagesOf(sli.samples, sli, shift.beganMs, endMs).flatMap(({ firstBadMs, ended }) => [
      { atMs: firstBadMs, kind: 'down', says: `${sli.title}: down` } as const,
      ...(ended === undefined ? [] : [{ atMs: ended.lo, kind: 'up', says: `${sli.title}: up again` } as const]),
    ]),
  );
  const all: readonly Happening[] = [
    { atMs: shift.beganMs, kind: 'shift', says: 'on call' },
    ...(record.onset === undefined ? [] : [{ atMs: zero, kind: 'fault', says: 'the fault took effect' } as const]),
    ...users,
    ...alerts,
    ...commandsOf(log).map(({ atMs, on, command, changes, exitCode }): Happening => ({
      atMs,
      kind: 'command',
      says: [
        on === 'workstation' ? '' : `on ${on}`,
        changes ? 'changes something' : '',
        exitCode === undefined ? 'did not end' : exitCode === 0 ? '' : `exit code ${exitCode}`,
      ]
        .filter((word) => word !== '')
        .join(', '),
      code: command,
    })),
    ...log.of('hint').map(({ atMs, title }) => ({ atMs, kind: 'hint', says: `hint: ${title}` }) as const),
    ...(shift.ended === undefined
      ? []
      : [{ atMs: shift.ended.atMs, kind: 'shift', says: endings[shift.ended.state] } as const]),
  ];
  return all
    .filter(({ atMs }) => atMs >= shift.beganMs - 1000 && atMs <= endMs + 1000)
    .map((one) => ({ ...one, atMs: Math.round(one.atMs - zero) }))
    .sort((a, b) => a.atMs - b.atMs);
}
