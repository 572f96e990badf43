import type { Plan } from '../model/plan.ts';
import type { TrialRecord } from '../model/record.ts';
import type { Comparison, Side } from './comparison.ts';
import { comparison, pairedTime, sideWith, type Question, type Samples } from './compared.ts';
import { type ObservedTime, restricted } from './observed.ts';
import { pairwise } from './pairwise.ts';
import { areaUnder, kaplanMeier } from './stats.ts';
import { leastBlocks, toldOf } from './significance.ts';

/** Alarms' times to detect in each trial; undefined where the trial did not watch it. */
export interface AlarmTimes {
  readonly of: ReadonlyMap<string, readonly (ObservedTime | undefined)[]>;
  /** The longest that any of them was asked, ms: up to there times are counted. */
  readonly askedMs: number;
}

/**
 * Times to detect, each cut where the alert was no longer asked: at the first changing command (`askedMs`), after which it may notice the fix.
 * Trials of before that was recorded are cut at the shortest watch of them.
 */
export function alarmTimes(plan: Plan, names: readonly string[], valid: readonly TrialRecord[]): AlarmTimes {
  const shortest = shortestWatch(
    plan,
    valid.filter((r) => r.detectors.some((d) => d.askedMs === undefined)),
  );
  let most = 0;
  const times = names.map((name) => {
    const row = valid.map((record) => {
      const detector = record.detectors.find((d) => d.id === name);
      if (detector === undefined) return undefined;
      const asked = Math.min(plan.horizonMs, detector.askedMs ?? shortest);
      most = Math.max(most, asked);
      return restricted(detector.ttd, asked);
    });
    return [name, row] as const;
  });
  return { of: new Map(times), askedMs: most };
}

/** The shortest watch of these trials after the onset, ms. */
function shortestWatch(plan: Plan, records: readonly TrialRecord[]): number {
  return records.reduce(
    (least, r) => Math.min(least, Math.max(0, Math.floor(r.endMs - (r.onset?.hi ?? 0)))),
    plan.horizonMs,
  );
}

/** Of times that are cut at different instants the mean is the area under Kaplan and Meier's curve. */
export const alarmSide = (horizonMs: number): ((times: readonly ObservedTime[]) => Side) =>
  sideWith((values, events) =>
    areaUnder(kaplanMeier(values.map((time, i) => ({ time, event: events[i] ?? false }))), horizonMs),
  );

/** Every pair of alerts of a run, trial by trial: both were asked as long in each. */
export function compareAlarms(times: AlarmTimes, question: Question): readonly Comparison[] {
  const rows = [...times.of];
  const sorted = [...rows].sort(([x], [y]) => (x < y ? -1 : 1));
  const indexOf = new Map(sorted.map(([name], i) => [name, i]));
  const { own, closed } = pairwise(
    sorted.map(([, row]) => row),
    question,
  );
  const sideOf = alarmSide(question.horizonMs);
  return rows.flatMap(([a, first], i) =>
    rows.slice(i + 1).map(([b, second]) => {
      const [x, y] = [indexOf.get(a) ?? 0, indexOf.get(b) ?? 0];
      const at = Math.max(x, y) * rows.length + Math.min(x, y);
      const pairs = first.flatMap((time, trial) => {
        const other = second[trial];
        return time === undefined || other === undefined ? [] : [[time, other] as const];
      });
      const idle = pairs.every(([p, q]) => !p.event && !q.event);
      const tested = { p: own[at] ?? 1, adjusted: closed[at] ?? 1, level: question.level };
      const told = toldOf(pairs, idle || pairs.length < leastBlocks(2) ? undefined : tested, question.seed);
      return comparison(a, b, [pairedTime('ttd', pairs, told, rows.length, question, sideOf)], question);
    }),
  );
}

/** The same alerts in two runs. */
export function alarmSamples(names: readonly string[], first: AlarmTimes, second: AlarmTimes): readonly Samples[] {
  const of = (times: AlarmTimes, name: string): readonly ObservedTime[] =>
    (times.of.get(name) ?? []).filter((t) => t !== undefined);
  return names.map((name) => ({ name, times: { ttd: [of(first, name), of(second, name)] } }));
}
