import { sortTrials } from '../analysis/summary.ts';
import { armName, isFaultFree } from '../model/control.ts';
import type { Plan } from '../model/plan.ts';
import { claimAfter, outcomeLabel } from '../model/outcome.ts';
import type { TrialRecord } from '../model/record.ts';
import { humanDuration } from '../model/units.ts';
import type { RunSummary } from '../model/summary.ts';
import * as f from './format.ts';
import { safe, type Markup } from './markup.ts';

/**
 * The run as JUnit XML, which every CI shows: a suite per runbook and per control, a case per trial. Controls never fail. As with the exit code, a failure is a runbook
 * that should recover and did not; an error is a trial without data (`invalid`, `unknown`), unless another
 * one made up for it: then it is skipped, and so is a planned one that was not run. A runbook that nobody expects to recover
 * passes, with what it did in its output. Times are of the whole watch, in seconds. Elements and attributes are those that Jenkins'
 * and Ant's schemas have in common.
 */
export function junitReport(summary: RunSummary, plan: Plan, records: readonly TrialRecord[]): string {
  const trials = sortTrials(plan, records);
  const repeatedBy = new Map(plan.trials.flatMap((t) => (t.repeats === undefined ? [] : [[t.repeats, t.id] as const])));
  const runbooks = [...new Set([...plan.trials.map(armName), ...trials.map(armName)])];
  const suites = runbooks.map((runbook): Suite => {
    const run = trials.filter((t) => armName(t) === runbook);
    const missing = plan.trials.filter((t) => armName(t) === runbook && !run.some((r) => r.trialId === t.id));
    return {
      runbook,
      cases: [
        ...run.map((t) => caseOf(t, repeatedBy.get(t.trialId))),
        ...missing.map(({ id }): Case => ({ name: id, ms: 0, kind: 'skipped', message: 'not run', text: '' })),
      ],
    };
  });
  const { objective } = summary;
  if (objective !== undefined)
    suites.push({
      runbook: 'objective',
      cases: [
        {
          name: 'recovery objective',
          ms: 0,
          kind: objective.verdict === 'met' ? 'passed' : objective.verdict === 'not met' ? 'failure' : 'error',
          message: objective.says,
          text: objective.arms.map(({ runbook, met, of }) => `${runbook}: met in ${met} of ${of}`).join('\n'),
        },
      ],
    });
  const all = suites.flatMap((s) => s.cases);
  const page = safe`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="firedrill ${summary.scenario}" ${counts(all)}>
${suites.map(
  ({
    runbook,
    cases,
  }) => safe`<testsuite name="${summary.scenario}.${runbook}" ${counts(cases)} skipped="${cases.filter((c) => c.kind === 'skipped').length}" timestamp="${new Date(plan.createdEpochMs).toISOString().slice(0, 19)}">
<properties>
<property name="run" value="${summary.runId}"/>
<property name="profile" value="${summary.profile}"/>
<property name="distribution" value="${summary.distribution ?? 'kubeadm'}"/>
<property name="seed" value="${summary.seed}"/>
</properties>
${cases.map((c) => caseXml(c, `${summary.scenario}.${runbook}`))}</testsuite>
`,
)}</testsuites>
`;
  return page.markup;
}

interface Suite {
  readonly runbook: string;
  readonly cases: readonly Case[];
}

interface Case {
  readonly name: string;
  readonly ms: number;
  readonly kind: 'passed' | 'failure' | 'error' | 'skipped';
  readonly message: string;
  readonly text: string;
}

function caseOf(t: TrialRecord, again: string | undefined): Case {
  const message = `${outcomeLabel(t.outcome)}: ${t.reason}`;
  const times =
    t.outcome === 'invalid' || isFaultFree(t.control)
      ? []
      : [`TTR: ${f.timeTo(t.ttr)}`, `downtime: ${humanDuration(t.badnessMs)}`, `fully: ${f.timeTo(t.fullRecovery)}`];
  const alarms = t.detectors.map(
    (d) => `alert ${d.id}: ${d.ttd === undefined ? f.alarmWords(t, d.status) : `after ${f.timeTo(d.ttd)}`}`,
  );
  const text = [message, ...times, ...alarms].join('\n');
  const base = { name: t.trialId, ms: t.endMs, message, text };
  const claim = claimAfter(t.outcome, t.claim.expect);
  if (claim === 'no-data') {
    return again === undefined
      ? { ...base, kind: 'error' }
      : { ...base, kind: 'skipped', message: `${message}; repeated by ${again}` };
  }
  return { ...base, kind: claim === 'broken' ? 'failure' : 'passed' };
}

function caseXml(c: Case, classname: string): Markup {
  const open = safe`<testcase classname="${classname}" name="${c.name}" time="${seconds(c.ms)}"`;
  const output = c.text !== '' && safe`<system-out>${xml(c.text)}</system-out>`;
  const verdict = {
    passed: false as const,
    failure: safe`<failure type="not-recovered" message="${xml(c.message)}"/>`,
    error: safe`<error type="no-data" message="${xml(c.message)}"/>`,
    skipped: safe`<skipped message="${xml(c.message)}"/>`,
  }[c.kind];
  return safe`${open}>${verdict}${output}</testcase>
`;
}

function counts(cases: readonly Case[]): Markup {
  const of = (kind: Case['kind']): number => cases.filter((c) => c.kind === kind).length;
  const ms = cases.reduce((sum, c) => sum + c.ms, 0);
  return safe`tests="${cases.length}" failures="${of('failure')}" errors="${of('error')}" time="${seconds(ms)}"`;
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3);

/** What XML 1.0 has no way to write at all, not even escaped: halves of surrogate pairs and two code points. */
const xml = (text: string): string => text.replace(/\p{Cs}|[\ufffe\uffff]/gu, '\ufffd');
