import { median } from 'simple-statistics';
import { grouped } from '../model/grouped.ts';
import type { Plan } from '../model/plan.ts';
import type { TrialRecord } from '../model/record.ts';
import { countOf, humanDuration, midpoint, uncensored } from '../model/units.ts';
import type { DetectorSummary, RunVerdict, RunbookSummary } from '../model/summary.ts';
import { safestFirst, severity, worstFault } from './faults.ts';
import { isValid, lastingTtr } from './observed.ts';
import { leastForTimes, leastTrials, raceOf, type Race } from './race.ts';
import { atLeast } from './stats.ts';
import { faultWords, moreBlocks, reasonsFor } from './verdict-reasons.ts';
import { alarmLine, warningsOf } from './warnings.ts';
import { list, percent, rowsLost } from './words.ts';

/**
 * The verdict of a run. It follows from the hard facts first (data lost, harm, down again, never fully recovered, data unread), then from what
 * the comparison of downtime and TTR shows. More trials never make it less sure. Rules: docs/measurement.md.
 * @param trials of runbooks, none of a control
 */
export function verdictOf(
  plan: Plan,
  arms: readonly RunbookSummary[],
  detectors: readonly DetectorSummary[],
  trials: readonly TrialRecord[],
): RunVerdict {
  const valid = trials.filter(isValid).length;
  if (valid === 0) {
    return {
      kind: 'no-data',
      headline: 'No data: no trial was valid',
      result: 'no runbook has data',
      sureness: 'No valid trial. See why below, and run it again.',
      preventions: [],
      warnings: [],
    };
  }
  const race = raceOf(plan, arms, trials);
  const alarm = alarmLine(detectors, plan);
  const decisions = decisionsOf(plan);
  const idle = arms.find((r) => r.passive && !r.prevention && r.n > 0);
  const answer = race.arms.length === 0 ? withoutRunbooks(arms, valid) : answerOf(plan, race, idle);
  return {
    ...answer,
    ...(idle === undefined || answer.runbook === idle.id
      ? {}
      : { doingNothing: `${idle.id}: ${doingNothing(idle, plan)}` }),
    ...(decisions.length === 0 ? {} : { decisions }),
    ...(alarm === undefined ? {} : { alarm }),
    preventions: arms
      .filter((r) => r.prevention && r.n > 0)
      .map((r) =>
        plan.runbooks.some(({ id, before }) => id === r.id && before !== undefined)
          ? beforehandLine(r)
          : preventionLine(r),
      ),
    warnings: warningsOf(arms, detectors, race.winner === undefined ? race.candidates : [race.winner]),
  };
}

type Answer = Pick<RunVerdict, 'kind' | 'runbook' | 'candidates' | 'headline' | 'result' | 'sureness'>;

function answerOf(plan: Plan, race: Race, idle: RunbookSummary | undefined): Answer {
  const { winner, candidates } = race;
  const beside = idle === undefined || winner === idle ? '' : `; ${idle.id}: ${doingNothing(idle, plan)}`;
  if (winner !== undefined) {
    const result = resultOf(winner);
    return {
      kind: winner.passive ? 'wait' : 'use',
      runbook: winner.id,
      headline: winner.passive
        ? `Do nothing: ${winner.id} ${result}; no runbook is better by a relevant amount`
        : `Use ${winner.id}: ${result}${beside}`,
      result,
      sureness: sentences(
        `${countOf(winner.n, 'trial')}.`,
        `Its true chance to recover is at least ${percent(atLeast(winner.n, winner.n))} (95 %).`,
        ...reasonsFor(race, winner),
        exploratory(plan),
      ),
    };
  }
  const first = race.leader ?? candidates[0];
  return first === undefined ? nobody(plan, race, beside) : undecided(plan, race, first, beside);
}

/** Several that could be, or one that is not shown to be the one. */
function undecided(plan: Plan, race: Race, first: RunbookSummary, beside: string): Answer {
  const { candidates, arms } = race;
  const few = candidates.every((r) => r.n < leastTrials);
  const names = candidates.map((r) => `${r.id} (${shortResult(r)})`);
  const longestMs = Math.max(...candidates.map((r) => r.watchedStableMs ?? 0));
  const watched = longestMs === 0 ? '' : ` (watched for ${humanDuration(longestMs)} at most)`;
  const planned = plan.comparison !== undefined;
  const open = arms.filter((r) => r !== first && race.reason(first, r) === undefined);
  const more =
    race.leader === undefined ? moreBlocks(race, first, open) : `${countOf(leastForTimes - first.n, 'block')} more`;
  const needed = more === undefined ? '' : `; ${more}`;
  const rest = open.filter((r) => !candidates.includes(r)).map((r) => r.id);
  const name = `${first.id} (${shortResult(first)})`;
  const result = few
    ? `${candidates.length === 1 ? 'the only candidate is ' : 'candidates, safest first: '}${names.join(', ')}`
    : race.leader !== undefined
      ? `${name}${planned ? ` is ahead, but its times decide from ${leastForTimes} trials on` : ''}`
      : candidates.length === 1 && rest.length > 0
        ? `${name} recovered every time, but is not significantly better than ${list(rest)}`
        : alternatives(names);
  const title = few
    ? `Too few trials for a winner${planned ? '' : `, and not confirmed${watched}`}`
    : planned
      ? 'Not decided'
      : `Not confirmed${watched}`;
  return {
    kind: 'candidates',
    candidates: candidates.map((r) => r.id),
    headline: `${title}: ${result}${few || !planned ? '' : needed}${beside}`,
    result,
    sureness: sentences(
      few ? `${countOf(first.n, 'trial')}: an indication, not a proof.` : `${countOf(first.n, 'trial')}.`,
      `With ${first.n} of ${first.n}, the true chance to recover is at least ${percent(atLeast(first.n, first.n))} (95 %).`,
      ...reasonsFor(race, first),
      exploratory(plan),
    ),
  };
}

/** No runbook that can be named: what came closest, and what is missing. */
function nobody(plan: Plan, race: Race, beside: string): Answer {
  const { arms, clean } = race;
  const least = Math.min(...arms.map((r) => r.n));
  const sure = (...more: readonly string[]): string =>
    sentences(
      `${countOf(
        arms.reduce((n, r) => n + r.n, 0),
        'valid trial',
      )}, at least ${least} of each.`,
      ...more,
      exploratory(plan),
    );
  if (clean.length > 0) {
    const watched = [...clean].sort(safestFirst).map((r) => {
      const ms = r.watchedStableMs;
      return `${r.id} recovered ${shortResult(r)}, but was watched for ${ms === undefined ? 'too short a time' : `at most ${humanDuration(ms)}`} after that`;
    });
    const result = watched.join('; ');
    return {
      kind: 'none',
      headline: `Not confirmed: ${result}${beside}`,
      result,
      sureness: sure(
        `A runbook is recommended once service was watched for ${humanDuration(plan.comparison?.confirmMs ?? 0)} after it was stable, and stayed so.`,
      ),
    };
  }
  const active = arms.filter((r) => !r.passive);
  const back = active.filter((r) => cameBack(r) === r.n && r.n >= r.invalid + r.unknown);
  const [lightest] = [...back].sort((a, b) => severity(worstFault(a)) - severity(worstFault(b)) || safestFirst(a, b));
  if (lightest !== undefined) {
    const result = `${lightest.id} comes closest: ${resultOf(lightest)}, ${faultText(lightest)}`;
    return {
      kind: 'none',
      headline: `No runbook recovered every time without loss or harm: ${result}${beside}`,
      result,
      sureness: sure(),
    };
  }
  const [closest] = [...active].sort(
    (a, b) =>
      b.recovered.k / b.n - a.recovered.k / a.n ||
      severity(worstFault(a)) - severity(worstFault(b)) ||
      safestFirst(a, b),
  );
  const result =
    closest === undefined || closest.recovered.k === 0
      ? 'none recovered even once'
      : `${closest.id} came closest, ${closest.recovered.k} of ${closest.n}${closest.invalid + closest.unknown > closest.n ? `, and ${closest.invalid + closest.unknown} trials gave no data` : ''}`;
  return { kind: 'none', headline: `No runbook recovered every time: ${result}${beside}`, result, sureness: sure() };
}

function withoutRunbooks(arms: readonly RunbookSummary[], valid: number): Answer {
  const runbooks = arms.filter((r) => !r.prevention);
  return {
    kind: 'none',
    headline:
      runbooks.length > 0
        ? 'No runbook has a valid trial'
        : `No runbook was run, only ${arms.length === 1 ? 'a prevention' : 'preventions'}`,
    result: 'no runbook has data',
    sureness: `${countOf(valid, 'valid trial')}, none of a runbook.`,
  };
}

/** `lost data in 2 of 8 trials` */
function faultText(r: RunbookSummary): string {
  const of = (n: number, text: string): readonly string[] =>
    n === 0 ? [] : [`${text} in ${n} of ${countOf(r.n, 'trial')}`];
  return list([
    ...of(r.data.trialsWithLoss, 'lost data'),
    ...of(r.outcomes.harmed ?? 0, 'did harm'),
    ...of(r.outcomes.relapsed ?? 0, 'went down again'),
  ]);
}

/** Trials in which service recovered and stayed, whatever else it cost. */
const cameBack = (r: RunbookSummary): number => r.points.filter((point) => lastingTtr(point) !== undefined).length;

/** What was decided while the run went on. */
function decisionsOf({ dropped = [], decided }: Plan): readonly string[] {
  const alike = grouped(dropped, ({ afterBlock, why }) => `after block ${afterBlock}: ${why}`);
  return [
    ...[...alike].map(
      ([when, arms]) => `${list(arms.map(({ arm }) => arm))} ${arms.length === 1 ? 'was' : 'were'} dropped ${when}`,
    ),
    ...(decided === undefined ? [] : [`Stopped after block ${decided.afterBlock}: ${decided.why}`]),
  ];
}

/** What is compared without having been declared is no test of anything that was asked before. */
function exploratory({ comparison }: Plan): string {
  if (comparison === undefined)
    return 'Exploratory: how the runbooks would be compared was not declared before the first trial.';
  const [first] = comparison.amendments ?? [];
  return first === undefined
    ? ''
    : `Exploratory: the comparison was changed after ${countOf(first.trialsSeen, 'trial')} had been seen (${first.what}).`;
}

const sentences = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join(' ');
const alternatives = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1) ?? ''}`;

/** `lease-20s, set beforehand: recovered 0 of 2, TTR 3 min, downtime 2 min 50 s` */
function beforehandLine(r: RunbookSummary): string {
  const { lost } = r.data;
  // A mean that has the horizon in it is no time after which it was back.
  const result = r.meanIsBound ? `recovered ${r.recovered.k} of ${r.n}` : resultOf(r);
  return `${r.id}, set beforehand: ${result}${lost === 0 ? '' : `, ${rowsLost(lost)}`}`;
}

/** `canary-update: prevented 1 of 2, else TTR 41 s; downtime 12 s` */
function preventionLine(r: RunbookSummary): string {
  const prevented = r.outcomes.prevented ?? 0;
  const back = r.points.filter((p) => p.outcome !== 'prevented').flatMap(({ ttr }) => uncensored(ttr) ?? []);
  const rest =
    prevented === r.n
      ? ''
      : back.length === r.n - prevented
        ? `, else TTR ${humanDuration(median(back.map(midpoint)))}`
        : ', else it did not always recover';
  return `${r.id}: prevented ${prevented} of ${r.n}${rest}; downtime ${humanDuration(r.badnessMs)}`;
}

const shortResult = (r: RunbookSummary): string => {
  const ttr = r.meanTtrMs === undefined ? '' : `, TTR ${r.meanIsBound ? 'at least ' : ''}${humanDuration(r.meanTtrMs)}`;
  const fault = r.recovered.k === r.n && worstFault(r) !== 'none' ? `, ${faultWords(worstFault(r), r)}` : '';
  return `${r.recovered.k} of ${r.n}${ttr}, downtime ${humanDuration(r.badnessMs)}${fault}`;
};

const resultOf = (r: RunbookSummary): string => `recovered ${shortResult(r)}`;

function doingNothing(idle: RunbookSummary, plan: Plan): string {
  const { k, n } = idle.recovered;
  const lossy = idle.outcomes['recovered-with-loss'] ?? 0;
  if (lossy > 0 && k + lossy === n) {
    return `recovers by itself, TTR ${humanDuration(idle.meanTtrMs ?? 0)}, ${lossy === n ? '' : `${lossy} of ${n} times `}with data lost`;
  }
  if (k === 0 && idle.ttrRange === undefined) return `not within ${humanDuration(plan.horizonMs)}`;
  return k === n
    ? `recovers by itself, TTR ${humanDuration(idle.meanTtrMs ?? 0)}`
    : `recovers by itself in only ${k} of ${n}`;
}
