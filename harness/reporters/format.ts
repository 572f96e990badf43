import { safestFirst, severity, worstFault } from '../analysis/faults.ts';
import { list, percent } from '../analysis/words.ts';
import { isFaultFree } from '../model/control.ts';
import { controlsOf, type Plan } from '../model/plan.ts';
import type { DetectorRecord, TrialRecord } from '../model/record.ts';
import { countOf, humanDuration, midpoint, type Censored, type Interval } from '../model/units.ts';
import type { DetectorSummary, RunbookSummary } from '../model/summary.ts';

export const statusWords: Readonly<Record<DetectorRecord['status'], string>> = {
  detected: 'detected',
  missed: 'missed',
  dead: 'dead',
  blind: 'blind',
  misdiagnosed: 'wrong diagnosis',
  noisy: 'fired before the fault',
};

/** What an alert did in a trial, in words; where there was nothing to notice, silence is no miss and firing no diagnosis. */
export function alarmWords(record: Pick<TrialRecord, 'control'>, status: DetectorRecord['status']): string {
  if (!isFaultFree(record.control)) return statusWords[status];
  if (status === 'missed') return 'quiet';
  if (status === 'misdiagnosed') return record.control === 'healthy' ? 'false alarm' : 'fired during the runbook';
  return status === 'noisy' ? 'was firing already' : statusWords[status];
}

export const agreementWords: Readonly<Record<RunbookSummary['agreement'], string>> = {
  'as-said': 'as expected',
  contradicted: 'not as expected',
  mixed: 'not always as expected',
  silent: 'nothing was expected',
  'no-data': 'no data',
};

/** `0.8 s`, `12 s`: half of an interval's width. */
function halfWidth(interval: Interval): string {
  const s = (interval.hi - interval.lo) / 2000;
  return s < 10 ? `${s.toFixed(1)} s` : humanDuration(s * 1000);
}

/** `41 s ± 0.8 s`, or `not within 4 min`. */
export function timeTo(time: Interval | Censored | undefined): string {
  if (time === undefined) return 'unknown';
  if ('censored' in time) return `not within ${humanDuration(time.at)}`;
  return `${humanDuration(midpoint(time))} ± ${halfWidth(time)}`;
}

/** The restricted mean of TTR: `41 s`, `at least 2 min 10 s` when some never recovered, `not within 4 min` when none did. */
export function meanTime(runbook: RunbookSummary, horizonMs: number): string {
  if (runbook.meanTtrMs === undefined) return 'no data';
  if (runbook.ttrRange === undefined) return `not within ${humanDuration(horizonMs)}`;
  return `${runbook.meanIsBound ? 'at least ' : ''}${humanDuration(runbook.meanTtrMs)}`;
}

/** `38 s` */
export const downtimeText = (runbook: Pick<RunbookSummary, 'n' | 'badnessMs'>): string =>
  runbook.n === 0 ? 'no data' : humanDuration(runbook.badnessMs);

/**
 * Until it was fully recovered: the mean over all trials, so that it may be set beside another runbook's; `at least` where some were not, and
 * so count with the horizon.
 */
export function fullyText({ n, fullRecovery: { k, meanMs, restrictedMs } }: RunbookSummary): string {
  if (n === 0) return 'no data';
  if (k === 0 || meanMs === undefined) return 'never';
  return k === n ? humanDuration(meanMs) : `at least ${humanDuration(restrictedMs ?? meanMs)} (${ofText(k, n)})`;
}

/** `at least 69 %`: what the true chance to recover is, 95 %. */
export const chanceText = (runbook: Pick<RunbookSummary, 'recovered'>): string =>
  runbook.recovered.atLeast === undefined || runbook.recovered.k === 0
    ? ''
    : `at least ${percent(runbook.recovered.atLeast)}`;

/** `5 of 6`, of the trials in which the alert was asked for longer than its minimum TTD; the others show nothing. */
export function detectedText({ counts, n, asked = n, judged }: DetectorSummary): string {
  const short = asked < n ? `${n - asked} too short` : '';
  if (asked === 0) return n === 0 ? 'no data' : short;
  const unjudged = judged === false && counts.detected > 0 ? 'name not judged' : '';
  return [ofText(counts.detected, asked), short, unjudged].filter((part) => part !== '').join(', ');
}

/** The median time to detect; `not within 40 s` where less than half detected, `never` where none did. */
export function ttdText({ ttd, counts, notWithinMs }: DetectorSummary): string {
  if (ttd !== undefined) return humanDuration(ttd.medianMs);
  return counts.detected === 0 || notWithinMs === undefined ? 'never' : `not within ${humanDuration(notWithinMs)}`;
}

/** Of an alert of a rule, in the first trial that it detected: `pending 2 s, firing 10 s, notified 14 s after the onset`; undefined for others. */
export function stagesText({ stages, points }: DetectorSummary): string | undefined {
  const told = points[0]?.ttd;
  if (stages === undefined || told === undefined) return undefined;
  const { pendingMs, firingMs } = stages;
  const at = (ms: number): string => `${ms < 0 ? '-' : ''}${humanDuration(Math.abs(ms))}`;
  const pending = pendingMs === undefined ? '' : `pending ${at(pendingMs)}, `;
  return `${pending}firing ${at(firingMs)}, notified ${at(told.lo)} after the onset`;
}

/** `0 in 12 min (at most 15 an hour)`, of the time in which it could have fired. */
export function falseAlarmsText({ falseAlarms, watchedMs, couldFireMs = watchedMs, perHour }: DetectorSummary): string {
  if (watchedMs === 0) return 'not watched';
  if (couldFireMs === 0) return `${falseAlarms}, not testable: never watched for its minimum TTD`;
  const most = perHour === undefined ? '' : ` (at most ${perHour.upper} an hour)`;
  return `${falseAlarms} in ${humanDuration(couldFireMs)}${most}`;
}

export function ofText(k: number, n: number): string {
  return n === 0 ? 'no data' : `${k} of ${n}`;
}

/** `0 rows`, `3 rows`, `unknown`; unknown beside a number when only some trials could be read. */
export function dataText(runbook: Pick<RunbookSummary, 'n' | 'data'>): string {
  if (runbook.n === 0) return 'no data';
  const { lost, unknown } = runbook.data;
  if (unknown === runbook.n) return 'unknown';
  return (lost === 0 ? 'none' : countOf(lost, 'row')) + (unknown > 0 ? `, unknown in ${unknown}` : '');
}

export function collateralText(runbook: Pick<RunbookSummary, 'n' | 'collateral'>): string {
  if (runbook.n === 0) return 'no data';
  const { restarts, deleted, bystanderBadMs } = runbook.collateral;
  const parts: string[] = [];
  if (restarts > 0) parts.push(countOf(restarts, 'restart'));
  if (deleted > 0) parts.push(`${deleted} deleted`);
  if (bystanderBadMs > 0) parts.push(`bystanders down for ${humanDuration(bystanderBadMs)}`);
  return parts.length === 0 ? 'none' : parts.join(', ');
}

export function commandsText(runbook: RunbookSummary): string {
  const { planned, failedTrials } = runbook.commands;
  return String(planned) + (failedTrials > 0 ? `, failed in ${countOf(failedTrials, 'trial')}` : '');
}

/**
 * As the verdict weighs them: recovered most often first, then those with the least severe fault, then what is least risky and leaves the
 * least downtime; those without data at the end.
 */
export function ranked(runbooks: readonly RunbookSummary[]): readonly RunbookSummary[] {
  const share = (r: RunbookSummary): number => (r.n === 0 ? -1 : r.recovered.k / r.n);
  const fault = (r: RunbookSummary): number => severity(worstFault(r));
  return [...runbooks].sort((a, b) => share(b) - share(a) || fault(a) - fault(b) || safestFirst(a, b));
}

/** Instant of the run in UTC, to the minute. */
export function utc(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/**
 * Text that came from a cluster, made harmless for a terminal and for plain text: no control characters (they could repaint
 * the screen or forge lines), no direction overrides.
 */
export function plain(text: string, keepLines = false): string {
  const control =
    /\u001b\[[0-9;?]*[ -/]*[@-~]|[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g;
  const clean = text.replace(/\r\n?/g, '\n').replace(control, '');
  return keepLines ? clean : clean.replace(/\s+/g, ' ').trim();
}

/** An outage, and what its nodes ran where that is not kubeadm: ` on k3s (stand-in)`. */
export const onWhat = ({ distribution }: { readonly distribution?: string | undefined }): string =>
  distribution === undefined ? '' : ` on ${distribution}`;

/** Commands that make this run again, trial by trial as it was planned, and that make this report again. */
export function reproduce(plan: Plan): readonly string[] {
  const { scenario, runId, trigger } = plan;
  const controls = controlsOf(plan);
  const flags = {
    profile: plan.profile,
    ...(plan.distribution === undefined ? {} : { distribution: plan.distribution }),
    trials: Math.max(1, ...plan.trials.map((t) => t.block)),
    seed: plan.seed,
    // Named even where they were all: the scenario may have gained some since.
    runbook: plan.runbooks.map(({ id }) => id).join(','),
    horizon: `${plan.horizonMs / 1000}s`,
    ...(controls.length === 0 ? {} : { controls: controls.join(',') }),
    ...(trigger?.kind === 'detector' ? { trigger: `detector:${trigger.id}` } : {}),
  };
  const typed = Object.entries(flags).map(([flag, value]) => `--${flag} ${value}`);
  return [
    `npm run scenario ${scenario} -- ${typed.join(' ')}`,
    `npm run firedrill -- analyse reports/${scenario}/${runId}`,
  ];
}

/** In place of a table of alerts. (Those of a scenario are only known by what its trials saw.) */
export const noAlarms = 'No alert was evaluated: the scenario has none, or no trial has the outage itself.';

/** Of so many alerts at most, all are listed. */
const manyAlerts = 20;

/**
 * The alerts of a run that are listed: all of a few; of many (a folder of rules) those of which there is something to say, and for the others a
 * line with their names.
 */
export function alarmsTold(detectors: readonly DetectorSummary[]): {
  readonly listed: readonly DetectorSummary[];
  readonly silent?: string;
} {
  if (detectors.length <= manyAlerts) return { listed: detectors };
  const says = ({ points, falseAlarms, counts: { dead, blind, misdiagnosed, noisy } }: DetectorSummary): boolean =>
    points.length + falseAlarms + dead + blind + misdiagnosed + noisy > 0;
  const silent = detectors.filter((d) => !says(d));
  return silent.length === 0
    ? { listed: detectors }
    : {
        listed: detectors.filter(says),
        silent: `${countOf(silent.length, 'more alert')} never rang: ${list(silent.map(({ id }) => id))}.`,
      };
}

/** What a responder did, in a sentence; none of a runbook. */
export function responderText({ responder }: RunbookSummary): readonly string[] {
  if (responder === undefined) return [];
  const { firstLookMs, firstChangeMs, commands, changes, endings, trials } = responder;
  const count = (n: number): string => String(Math.round(n * 10) / 10);
  const after = (ms: number | undefined, what: string): string =>
    ms === undefined ? `no ${what}` : `${what} ${humanDuration(Math.abs(ms))} ${ms < 0 ? 'before' : 'after'} the onset`;
  return [
    [
      after(firstLookMs, 'first look'),
      after(firstChangeMs, 'first change'),
      `${count(commands)} commands, of which ${count(changes)} changed something${trials > 1 ? ' (means)' : ''}`,
      ...endings.slice(0, 2),
    ].join('; '),
  ];
}
