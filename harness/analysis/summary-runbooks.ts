import { max, mean, median, min } from 'simple-statistics';
import type { Plan } from '../model/plan.ts';
import { notableOutcomes, type Outcome, successes } from '../model/outcome.ts';
import type { ResponderRecord, TrialRecord } from '../model/record.ts';
import { humanDuration, midpoint, uncensored, type Interval } from '../model/units.ts';
import type { RunbookSummary } from '../model/summary.ts';
import { meanInterval } from './mean-interval.ts';
import { whole, sum } from './numbers.ts';
import { byBlock, isValid, lastingTtr, observedTtr, restricted } from './observed.ts';
import { atLeast, kaplanMeier, restrictedMean, type Bounds } from './stats.ts';
import { rowsLost } from './words.ts';

export function summariseRunbook(
  runbook: Plan['runbooks'][number],
  records: readonly TrialRecord[],
  plan: Plan,
): RunbookSummary {
  const valid = records.filter(isValid);
  const n = valid.length;
  const outcomes: Partial<Record<Outcome, number>> = {};
  for (const { outcome } of records) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  const k = successes(outcomes);
  const observed = valid.map((r) => observedTtr(r, plan.horizonMs));
  const events = observed.filter((o) => o.event);
  const restored = valid.filter((r) => observedTtr(r, plan.horizonMs).event);
  const spans = restored.flatMap((r) => lastingTtr(r) ?? []);
  const parts = restored.flatMap((r) => (r.parts === undefined ? [] : [r.parts]));
  const full = valid.flatMap((r) => uncensored(r.fullRecovery) ?? []).map(midpoint);
  const ends = { lo: mean0(observed.map((o) => o.lo)), hi: mean0(observed.map((o) => o.hi)) };
  const interval = intervalOf(plan, valid);
  const watched = valid.flatMap((r) => (stayedUp(r) ? (r.watchedStableMs ?? []) : []));
  const counts = costsOf(valid);
  const meanTtrMs = n === 0 ? undefined : whole(restrictedMean(observed, plan.horizonMs));
  const findings = mostFrequent(
    valid.flatMap((r) => r.steps.flatMap((s) => (s.finding === true && s.ok ? [(s.output ?? '').trim()] : []))),
  );
  const agreement = agree(runbook.expect, k, n);
  return {
    id: runbook.id,
    title: runbook.title,
    passive:
      runbook.responder === undefined &&
      runbook.before === undefined &&
      runbook.instead === undefined &&
      runbook.steps.every((s) => !s.changes),
    prevention: runbook.before !== undefined || runbook.instead !== undefined,
    n,
    invalid: outcomes.invalid ?? 0,
    unknown: outcomes.unknown ?? 0,
    outcomes,
    recovered: { k, n, ...(n === 0 ? {} : { atLeast: share(atLeast(k, n)) }) },
    ...(meanTtrMs === undefined ? {} : { meanTtrMs }),
    ...(n === 0 ? {} : { meanTtrEnds: { lo: whole(ends.lo), hi: whole(ends.hi) } }),
    meanIsBound: events.length < n,
    ...(interval === undefined ? {} : { meanTtrInterval: interval }),
    ...(n > 0 && events.length * 2 >= n ? { medianTtrMs: whole(median(observed.map((o) => o.time))) } : {}),
    ...(spans.length === 0 ? {} : { ttrRange: { lo: min(spans.map((s) => s.lo)), hi: max(spans.map((s) => s.hi)) } }),
    points: valid.flatMap((r) => (r.ttr === undefined ? [] : [{ trialId: r.trialId, outcome: r.outcome, ttr: r.ttr }])),
    survival: kaplanMeier(observed).map((s) => ({
      timeMs: whole(s.time),
      share: Number(s.survival.toFixed(6)),
      atRisk: s.atRisk,
      events: s.events,
    })),
    ...(parts.length === 0
      ? {}
      : {
          parts: {
            waitingMs: whole(mean(parts.map((p) => p.waitingMs))),
            mitigatingMs: whole(mean(parts.map((p) => p.mitigatingMs))),
            settlingMs: whole(mean(parts.map((p) => p.settlingMs))),
          },
        }),
    fullRecovery: {
      k: full.length,
      n,
      ...(full.length === 0 ? {} : { meanMs: whole(mean(full)) }),
      ...(n === 0
        ? {}
        : { restrictedMs: whole(mean(valid.map((r) => restricted(r.fullRecovery, plan.horizonMs).time))) }),
      missing: mostFrequent(valid.flatMap((r) => r.fullRecoveryMissing)),
    },
    badnessMs: n === 0 ? 0 : whole(mean(valid.map((r) => r.badnessMs))),
    ...(watched.length === 0 ? {} : { watchedStableMs: max(watched) }),
    ...counts,
    commands: {
      planned: runbook.steps.filter((s) => s.changes).length,
      failedTrials: valid.filter((r) => (r.mitigation?.failed ?? 0) > 0).length,
    },
    destroys: [...new Set(runbook.steps.flatMap((s) => (s.destroys === undefined ? [] : [s.destroys])))],
    says: runbook.says,
    expect: runbook.expect,
    agreement,
    measured: measuredSentence(k, n, outcomes, spans, counts.data.lost, plan.horizonMs),
    ...responded(valid.flatMap((r) => r.responder ?? [])),
    ...(findings.length === 0 ? {} : { findings }),
  };
}

/** What a responder did, over its valid trials; nothing of a runbook. */
function responded(trials: readonly ResponderRecord[]): Pick<RunbookSummary, 'responder'> {
  if (trials.length === 0) return {};
  const looks = trials.flatMap(({ firstLookMs }) => firstLookMs ?? []);
  const changes = trials.flatMap(({ firstChangeMs }) => firstChangeMs ?? []);
  return {
    responder: {
      trials: trials.length,
      ...(looks.length === 0 ? {} : { firstLookMs: whole(median(looks)) }),
      ...(changes.length === 0 ? {} : { firstChangeMs: whole(median(changes)) }),
      commands: share(mean(trials.map((t) => t.commands))),
      changes: share(mean(trials.map((t) => t.changes))),
      endings: mostFrequent(trials.flatMap(({ says }) => says ?? [])),
    },
  };
}

/** What some trials cost: rows, trials in which nobody could tell, and sums outside the blast radius over those in which that was judged. */
export function costsOf(valid: readonly TrialRecord[]): Pick<RunbookSummary, 'data' | 'collateral'> {
  const data = valid.flatMap((r) => (r.data === 'unknown' ? [] : [r.data.lost]));
  const collateral = valid.flatMap((r) => (r.collateral === 'unknown' ? [] : [r.collateral]));
  return {
    data: {
      lost: sum(data),
      trialsWithLoss: data.filter((lost) => lost > 0).length,
      unknown: valid.length - data.length,
    },
    collateral: {
      restarts: sum(collateral.map((c) => c.restarts)),
      deleted: sum(collateral.map((c) => c.deleted)),
      bystanderBadMs: sum(collateral.map((c) => c.bystanderBadMs)),
    },
  };
}

const stayedUp = (r: TrialRecord): boolean => r.downAgain?.relapse !== true;

/** Six digits, which is more than a share can be known to. */
const share = (x: number): number => Number(x.toFixed(6));

/**
 * Of those that recovered: the horizon is no time that anything took. From the lower ends' interval to the upper ends': what is not known of
 * each instant widens it.
 */
function intervalOf(plan: Plan, valid: readonly TrialRecord[]): Bounds | undefined {
  const blocks = [...byBlock(plan, valid).values()].map((records) =>
    records.map((r) => observedTtr(r, plan.horizonMs)).filter((o) => o.event),
  );
  const [lower, upper] = [
    meanInterval(blocks.map((b) => b.map((o) => o.lo))),
    meanInterval(blocks.map((b) => b.map((o) => o.hi))),
  ];
  return lower === undefined || upper === undefined ? undefined : { lo: whole(lower.lo), hi: whole(upper.hi) };
}

const mean0 = (values: readonly number[]): number => (values.length === 0 ? 0 : mean(values));

/** How what the postmortem says fares with k recovered of n valid trials. */
export function agree(expect: RunbookSummary['expect'], k: number, n: number): RunbookSummary['agreement'] {
  if (n === 0) return 'no-data';
  if (expect === 'unknown') return 'silent';
  const hits = expect === 'recovers' ? k : n - k;
  return hits === n ? 'as-said' : hits === 0 ? 'contradicted' : 'mixed';
}

/** What was measured, in one sentence, to stand beside what the postmortem says. */
export function measuredSentence(
  k: number,
  n: number,
  outcomes: RunbookSummary['outcomes'],
  spans: readonly Interval[],
  lost: number,
  horizonMs: number,
): string {
  if (n === 0) return 'No valid trial: no data.';
  const prevented = outcomes.prevented === k && k > 0;
  const parts = [`${prevented ? 'Prevented' : 'Recovered'} ${k} of ${n}`];
  if (prevented) parts.push('nothing that should have broken did');
  else if (spans.length > 0) {
    const middle = spans.map(midpoint);
    const [least, most] = [humanDuration(min(middle)), humanDuration(max(middle))];
    parts.push(least === most ? `stable after ${least}` : `stable after ${least} to ${most}`);
  } else {
    parts.push(`not stable within ${humanDuration(horizonMs)}`);
  }
  for (const [outcome, what] of notableOutcomes) {
    const count = outcomes[outcome] ?? 0;
    if (count > 0 && !(prevented && outcome === 'prevented')) parts.push(`${count} ${what}`);
  }
  if (lost > 0) parts.push(rowsLost(lost));
  return `${parts.join(', ')}.`;
}

function mostFrequent(lines: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  return [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([line]) => line);
}
