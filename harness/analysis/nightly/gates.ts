import type { NightLine } from '../../model/night.ts';
import { type Outcome, successes, validTrials } from '../../model/outcome.ts';
import { costsMore, endsLess, type ArmCounts } from '../regressions.ts';
import { waitArm, type Night } from './lines.ts';
import { sum } from '../numbers.ts';

/**
 * What needs no statistics, one line each, worst first: an arm, a number, and against what. `baseline` is empty where there is none of this
 * environment: then only what holds anywhere is asked. `before` is the night before of the same environment, for what one trial alone could be
 * bad luck. Pure.
 */
export function hardGates(tonight: Night, baseline: readonly Night[], before: Night | undefined): readonly string[] {
  return [
    ...witness(tonight),
    ...healthy(tonight, baseline),
    ...runbooks(tonight, baseline, before),
    ...alarms(tonight, baseline, before),
  ];
}

/** The fault did not take in any trial: the drill drills nothing. A few such trials are invalid, and run again. */
function witness(tonight: Night): readonly string[] {
  const lines = [...tonight.arms.values()].filter((l) => l.kind !== 'healthy' && l.kind !== 'on-healthy');
  const [missed, seen] = [sum(lines.map((l) => l.unwitnessed)), sum(lines.map(validIn))];
  return missed > 0 && seen === 0 ? [`no witness confirmed the fault in any of ${missed} trials`] : [];
}

/** A healthy cluster that is not healthy, and fixes that harm one. */
function healthy(tonight: Night, baseline: readonly Night[]): readonly string[] {
  return [...tonight.arms.values()].flatMap((now) => {
    const n = validIn(now);
    const base = together(baseline, now.arm);
    const known = base.n > 0;
    const disturbed = now.outcomes['control-disturbed'] ?? 0;
    if (now.kind === 'healthy') {
      return [
        ...(now.withLoss > 0 ? [`${now.arm}: rows lost on a healthy cluster in ${of(now.withLoss, n)} trials`] : []),
        ...(disturbed > 0 && (base.outcomes['control-disturbed'] ?? 0) === 0
          ? [`${now.arm}: disturbed in ${of(disturbed, n)} trials${known ? ', in the baseline in none' : ''}`]
          : []),
      ];
    }
    return now.kind === 'on-healthy' && known ? costsMore(base, countsOf([now], now.arm)) : [];
  });
}

function runbooks(tonight: Night, baseline: readonly Night[], before: Night | undefined): readonly string[] {
  return [...tonight.arms.values()].flatMap((now) => {
    if (now.kind !== undefined) return [];
    const counts = countsOf([now], now.arm);
    const failed = counts.n - counts.recovered.k;
    const base = together(baseline, now.arm);
    if (base.n === 0) {
      const said = now.expect === 'recovers' && baseline.length === 0;
      return said && failed >= 2
        ? [`${now.arm}: recovered ${of(counts.recovered.k, counts.n)}, should recover every time`]
        : [];
    }
    const both = together([...(before === undefined ? [] : [before]), tonight], now.arm);
    return [
      ...costsMore(base, counts),
      ...downAgain(baseline, tonight, now),
      ...(failed > 0 ? endsLess(base, both) : []),
      ...leftover(baseline, [...(before === undefined ? [] : [before]), tonight], now),
    ];
  });
}

/**
 * Stable, and down again, which it never was in the baseline: like harm, one trial is enough. Not of `wait`: where nothing is done, the outage
 * comes and goes by itself.
 */
function downAgain(baseline: readonly Night[], tonight: Night, { arm }: NightLine): readonly string[] {
  if (arm === waitArm) return [];
  const again = (nights: readonly Night[]): number =>
    sum(nights.flatMap((n) => n.arms.get(arm) ?? []).map((l) => l.downAgain ?? l.outcomes['relapsed'] ?? 0));
  const now = again([tonight]);
  return again(baseline) === 0 && now > 0
    ? [`${arm}: went down again in ${of(now, together([tonight], arm).n)} trials, in the baseline in none`]
    : [];
}

/** Recovered, and something was not as before: pods, alerts, durability. Like a recovery that did not come: two trials. */
function leftover(baseline: readonly Night[], nights: readonly Night[], now: NightLine): readonly string[] {
  const left = (list: readonly Night[]): number => sum(list.map((n) => n.arms.get(now.arm)?.notWhole ?? 0));
  const [then, recent] = [left(baseline), left(nights)];
  const n = together(nights, now.arm).recovered.k;
  return then === 0 && now.notWhole > 0 && recent >= 2
    ? [`${now.arm}: left something behind in ${of(recent, n)} recoveries, in the baseline in none`]
    : [];
}

/** An alert that died, and one that always noticed where nothing was done and did not in two trials. */
function alarms(tonight: Night, baseline: readonly Night[], before: Night | undefined): readonly string[] {
  const recent = [...(before === undefined ? [] : [before]), tonight];
  const ids = [...new Set([...tonight.arms.values()].flatMap((l) => Object.keys(l.alarms)))].sort();
  return ids.flatMap((id) => {
    const faulted = (n: Night) => [...n.arms.values()].filter((l) => l.kind === undefined);
    const all = (nights: readonly Night[]) => tally(nights.flatMap(faulted), id);
    const waited = (nights: readonly Night[]) =>
      tally(
        nights.flatMap((n) => n.arms.get(waitArm) ?? []),
        id,
      );
    const [then, now] = [all(baseline), all([tonight])];
    if (then.n > 0 && then.dead === 0 && now.dead > 0) {
      return [`${id}: died in ${of(now.dead, now.n)} trials, in the baseline in none`];
    }
    const [idle, both, last] = [waited(baseline), waited(recent), waited([tonight])];
    const used = idle.n > 0 && idle.detected === idle.n;
    return used && last.detected < last.n && both.n - both.detected >= 2
      ? [`${id}: detected ${of(both.detected, both.n)}, in the baseline ${of(idle.detected, idle.n)}`]
      : [];
  });
}

function tally(lines: readonly NightLine[], id: string): NightLine['alarms'][string] {
  const found = lines.flatMap((l) => l.alarms[id] ?? []);
  return {
    n: sum(found.map((a) => a.n)),
    detected: sum(found.map((a) => a.detected)),
    dead: sum(found.map((a) => a.dead)),
  };
}

/** Trials of a line that say anything. */
export function validIn({ outcomes }: NightLine): number {
  return validTrials(outcomes);
}

const together = (nights: readonly Night[], arm: string): ArmCounts =>
  countsOf(
    nights.flatMap((n) => n.arms.get(arm) ?? []),
    arm,
  );

/** What became of an arm's valid trials in several nights. A change that broke nothing under a prevention counts as one that ended. */
function countsOf(lines: readonly NightLine[], arm: string): ArmCounts {
  const outcomes: Partial<Record<Outcome, number>> = {};
  for (const line of lines) {
    for (const [outcome, n] of Object.entries(line.outcomes)) {
      outcomes[outcome as Outcome] = (outcomes[outcome as Outcome] ?? 0) + n;
    }
  }
  return {
    id: arm,
    n: sum(lines.map(validIn)),
    recovered: { k: successes(outcomes) },
    outcomes,
    data: { trialsWithLoss: sum(lines.map((l) => l.withLoss)) },
  };
}

const of = (k: number, n: number): string => `${k} of ${n}`;
