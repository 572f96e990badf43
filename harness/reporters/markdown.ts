import { fromBandsNote } from '../analysis/kept.ts';
import { sortTrials } from '../analysis/summary.ts';
import { timeSpent } from '../analysis/time-spent.ts';
import { span } from '../analysis/words.ts';
import { isFaultFree } from '../model/control.ts';
import type { Plan } from '../model/plan.ts';
import { outcomeLabel } from '../model/outcome.ts';
import type { TrialRecord } from '../model/record.ts';
import { countOf, humanDuration } from '../model/units.ts';
import type { DetectorSummary, RunSummary } from '../model/summary.ts';
import { controlsMarkdown } from './controls.ts';
import * as f from './format.ts';
import { code, columnsTable, markdownTable, md } from './markdown-text.ts';

/** The report as Markdown, for a job summary or an issue: verdict first, then the tables. */
export function markdownReport(summary: RunSummary, plan: Plan, records: readonly TrialRecord[]): string {
  const { verdict } = summary;
  const alarms = f.alarmsTold(summary.detectors);
  const blocks = [
    `# ${md(plan.outage.title)}`,
    `**${md(verdict.headline)}.**`,
    md(verdict.sureness),
    ...(summary.objective === undefined ? [] : [`**Objective:** ${md(summary.objective.says)}.`]),
    ...((verdict.decisions ?? []).length === 0 ? [] : [(verdict.decisions ?? []).map((d) => `- ${md(d)}`).join('\n')]),
    ...(verdict.alarm === undefined ? [] : [`${md(verdict.alarm)}.`]),
    ...verdict.preventions.map((line) => `Prevention ${md(line)}.`),
    ...(verdict.warnings.length === 0 ? [] : [verdict.warnings.map((w) => `- ⚠ ${md(w)}`).join('\n')]),
    `${code(summary.scenario)}${f.onWhat(summary)}, profile ${code(summary.profile)}, ${f.utc(summary.createdEpochMs)}; ${trialCounts(summary)}`,
    '## Runbooks',
    runbookTable(summary),
    "TTR: from the onset until service is stable, mean of min(TTR, horizon); a trial that did not recover counts as the horizon. Downtime: failed requests times their period. Fully: the same mean for full recovery. Collateral: sum over the runbook's trials. The chance to recover is a lower bound (95 %, exact, one-sided).",
    '## What the postmortem says, and what was measured',
    columnsTable(f.ranked(summary.runbooks), [
      ['runbook', (r) => code(r.id)],
      ['the postmortem', (r) => md(r.says)],
      [
        'measured',
        (r) =>
          md(
            [
              r.measured,
              ...f.responderText(r),
              ...(r.findings ?? []).map((text) => `Its diagnosis found: ${text}`),
            ].join(' '),
          ),
      ],
      ['', (r) => md(f.agreementWords[r.agreement])],
    ]),
    '## Alerts',
    summary.detectors.length === 0 ? f.noAlarms : alarmTable(alarms.listed),
    ...(alarms.silent === undefined ? [] : [md(alarms.silent)]),
    ...stagesList(summary.detectors),
    ...controlsMarkdown(summary),
    '## Trials',
    markdownTable(
      ['trial', 'outcome', 'first good', 'stable since (TTR)', 'downtime', 'fully', 'why'],
      sortTrials(plan, records).map((r) => [
        code(r.trialId),
        outcomeLabel(r.outcome),
        ...[r.firstGood, r.ttr].map((time) =>
          isFaultFree(r.control) || (time === undefined && r.outcome !== 'invalid')
            ? '–'
            : f.timeTo(r.outcome === 'invalid' ? undefined : time),
        ),
        r.outcome === 'invalid' ? 'unknown' : humanDuration(r.badnessMs),
        isFaultFree(r.control) ? '–' : f.timeTo(r.outcome === 'invalid' ? undefined : r.fullRecovery),
        md(r.reason),
      ]),
    ),
    ...(records.some((r) => r.from === 'bands') ? [fromBandsNote] : []),
    ...checkBlocks(sortTrials(plan, records)),
    ...spentBlocks(sortTrials(plan, records)),
    '## The outage',
    `${md(plan.outage.source)}, ${md(plan.outage.date)}. Fidelity: ${md(plan.fidelity)}.`,
    [
      ...plan.outage.says.map((s) => `- The postmortem: ${md(s)}`),
      ...plan.differences.map((d) => `- Different here: ${md(d)}`),
    ].join('\n'),
    '## Environment',
    markdownTable(
      ['', ''],
      Object.entries(summary.environment).map(([key, value]) => [md(key), md(value)]),
    ),
    '## Reproduce it',
    fence(f.reproduce(plan).join('\n')),
  ];
  return `${blocks.filter((b) => b !== '').join('\n\n')}\n`;
}

const runbookTable = ({ runbooks, verdict, horizonMs }: RunSummary): string =>
  columnsTable(f.ranked(runbooks), [
    ['runbook', (r) => (r.id === verdict.runbook ? `**${code(r.id)}**` : code(r.id))],
    ['recovered', (r) => f.ofText(r.recovered.k, r.n)],
    ['true chance', f.chanceText],
    ['TTR', (r) => f.meanTime(r, horizonMs)],
    ['downtime', f.downtimeText],
    ['fully', f.fullyText],
    ['data lost', f.dataText],
    ['collateral', f.collateralText],
    ['commands', f.commandsText],
    ['expected', (r) => f.agreementWords[r.agreement]],
  ]);

const alarmTable = (detectors: readonly DetectorSummary[]): string =>
  columnsTable(detectors, [
    ['alert', (d) => code(d.id)],
    ['detected', f.detectedText],
    [
      'after (min / median / max)',
      (d) =>
        d.ttd === undefined ? f.ttdText(d) : [d.ttd.minMs, d.ttd.medianMs, d.ttd.maxMs].map(humanDuration).join(' / '),
    ],
    ['minimum TTD', (d) => humanDuration(d.leastTtdMs)],
    ['missed', (d) => String(d.counts.missed)],
    ['dead', (d) => String(d.counts.dead)],
    ['blind', (d) => String(d.counts.blind)],
    ['wrong', (d) => String(d.counts.misdiagnosed + d.counts.noisy)],
    ['false alarms', f.falseAlarmsText],
    ['earlier than in the postmortem by', (d) => (d.savedMs === undefined ? '' : span(d.savedMs))],
  ]);

/** How the alerts of rules came to be told, as a list; nothing where there are none. */
function stagesList(detectors: readonly DetectorSummary[]): readonly string[] {
  const lines = detectors.flatMap((d) => {
    const stages = f.stagesText(d);
    return stages === undefined ? [] : [`- ${code(d.id)}: ${stages} (${code(d.points[0]?.trialId ?? '')})`];
  });
  return lines.length === 0 ? [] : [lines.join('\n')];
}

export function trialCounts(summary: RunSummary): string {
  const t = summary.trials;
  const parts = [`${t.valid} of ${countOf(t.planned, 'trial')} valid`];
  if (t.invalid > 0) parts.push(`${t.invalid} invalid`);
  if (t.unknown > 0) parts.push(`${t.unknown} unknown`);
  if (t.controls > 0) parts.push(countOf(t.controls, 'control'));
  if (t.run < t.planned) parts.push(`${t.planned - t.run} not run`);
  return parts.join(', ');
}

/** A code block whose fence is longer than any in it. */
function fence(code: string): string {
  const longest = Math.max(2, ...[...code.matchAll(/`+/g)].map((m) => m[0].length));
  const ticks = '`'.repeat(longest + 1);
  return `${ticks}sh\n${code}\n${ticks}`;
}

/** Where the time to recover went, of each runbook's first trial in which more than one thing took it. */
function spentBlocks(records: readonly TrialRecord[]): readonly string[] {
  const told = new Set<string>();
  const lines = records.flatMap((record) => {
    const spent = record.outcome === 'invalid' ? undefined : timeSpent(record);
    if (told.has(record.runbook) || spent === undefined || spent.length < 2) return [];
    told.add(record.runbook);
    return [`- ${code(record.trialId)}: ${spent.map(({ what, ms }) => `${humanDuration(ms)} ${md(what)}`).join('; ')}`];
  });
  return lines.length === 0 ? [] : ['## Where the time went', lines.join('\n')];
}

/** What the checkers found that was not good, whatever they are, with the trials of which it is so. */
function checkBlocks(records: readonly TrialRecord[]): readonly string[] {
  const rows = new Map<string, { readonly cells: readonly string[]; readonly trials: string[] }>();
  for (const { trialId, findings = [] } of records) {
    for (const { name, verdict, says } of findings.filter((f) => f.verdict !== 'good')) {
      const cells = [name, verdict, says];
      const key = cells.join('\n');
      rows.set(key, { cells, trials: [...(rows.get(key)?.trials ?? []), trialId] });
    }
  }
  if (rows.size === 0) return [];
  const table = [...rows.values()].map(({ cells, trials }) => [...cells.map(md), trials.map(code).join(' ')]);
  return ['## Checks', markdownTable(['check', 'verdict', 'found', 'trials'], table)];
}
