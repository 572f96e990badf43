import { firstAlarm, surprises, type Overview } from '../analysis/overview.ts';
import type { Plan } from '../model/plan.ts';
import { humanDuration } from '../model/units.ts';
import type { DetectorSummary, RunSummary } from '../model/summary.ts';
import { controlsTerminal } from './controls.ts';
import * as f from './format.ts';
import { trialCounts } from './markdown.ts';
import { endedBy } from './overview.ts';
import { painter, table, wrap, type Column, type TerminalOptions } from './table.ts';

/** The result on stdout: verdict, runbooks, alerts, what gave no data. */
export function terminalReport(summary: RunSummary, plan: Plan, options: TerminalOptions): string {
  const paint = painter(options.colour);
  const width = Math.max(40, options.width);
  const { verdict } = summary;
  const alarms = f.alarmsTold(summary.detectors);
  const tone = verdict.kind === 'use' || verdict.kind === 'wait' ? paint.good : paint.warn;
  const lines = [
    '',
    ...wrap(verdict.headline, width).map((l) => paint.bold(tone(l))),
    ...wrap(verdict.sureness, width).map(paint.dim),
    ...(summary.objective === undefined
      ? []
      : wrap(`Objective: ${summary.objective.says}`, width).map(
          summary.objective.verdict === 'met' ? paint.good : paint.warn,
        )),
    ...(verdict.decisions ?? []).flatMap((line) => wrap(line, width, '  ').map(paint.dim)),
    ...(verdict.alarm === undefined ? [] : wrap(verdict.alarm, width)),
    ...verdict.preventions.flatMap((line) => wrap(`Prevention ${line}`, width)),
    ...verdict.warnings.flatMap((w) => wrap(`! ${w}`, width, '  ').map(paint.warn)),
    '',
    ...table(runbookColumns(summary), summary.runbooks.length, width, paint, (row) => {
      return f.ranked(summary.runbooks)[row]?.id === verdict.runbook;
    }),
    ...summary.runbooks.flatMap((r) =>
      f.responderText(r).flatMap((text) => wrap(`${r.id}: ${text}`, width, '  ').map(paint.dim)),
    ),
    ...(summary.detectors.length === 0
      ? []
      : [
          '',
          ...table(alarmColumns(alarms.listed), alarms.listed.length, width, paint),
          ...(alarms.silent === undefined ? [] : wrap(alarms.silent, width, '  ').map(paint.dim)),
        ]),
    ...controlsTerminal(summary, width, paint),
    ...(summary.noData.length === 0
      ? []
      : [
          '',
          ...summary.noData.flatMap((t) => wrap(`${t.outcome}: ${t.trialId}: ${t.reason}`, width, '  ').map(paint.dim)),
        ]),
    '',
    ...wrap(`${plan.scenario}${f.onWhat(summary)}, profile ${summary.profile}: ${trialCounts(summary)}`, width).map(
      paint.dim,
    ),
    '',
  ];
  return lines.join('\n');
}

/** Several outages, one line each: what ended it, what noticed it first, what did not go as the postmortem said. */
export function seriesReport(outages: readonly Overview[], options: TerminalOptions): string {
  const paint = painter(options.colour);
  const columns: readonly Column[] = [
    { head: 'scenario', cells: outages.map((o) => `${o.scenario}${f.onWhat(o)}`), dropOrder: 0 },
    { head: 'valid', cells: outages.map((o) => f.ofText(o.trials.valid, o.trials.planned)), dropOrder: 0, right: true },
    { head: 'ended by', cells: outages.map((o) => endedBy(o, (id) => id)), dropOrder: 0 },
    { head: 'first alert', cells: outages.map(noticedBy), dropOrder: 1 },
    { head: 'contradicts the postmortem', cells: outages.map((o) => ids(surprises(o))), dropOrder: 2 },
  ];
  return `${table(columns, outages.length, Math.max(40, options.width), paint).join('\n')}\n`;
}

function noticedBy(outage: Overview): string {
  const first = firstAlarm(outage);
  return first === undefined ? 'none' : `${first.id} ${humanDuration(first.ttd.medianMs)}`;
}

const ids = (runbooks: readonly { readonly id: string }[]): string => runbooks.map((r) => r.id).join(', ');

function runbookColumns(summary: RunSummary): readonly Column[] {
  const rows = f.ranked(summary.runbooks);
  return [
    { head: 'runbook', cells: rows.map((r) => r.id), dropOrder: 0 },
    { head: 'recovered', cells: rows.map((r) => f.ofText(r.recovered.k, r.n)), dropOrder: 0, right: true },
    { head: 'TTR', cells: rows.map((r) => f.meanTime(r, summary.horizonMs)), dropOrder: 0, right: true },
    { head: 'downtime', cells: rows.map(f.downtimeText), dropOrder: 1, right: true },
    { head: 'fully', cells: rows.map(f.fullyText), dropOrder: 4, right: true },
    { head: 'data lost', cells: rows.map(f.dataText), dropOrder: 2, right: true },
    { head: 'collateral', cells: rows.map(f.collateralText), dropOrder: 5 },
    { head: 'expected', cells: rows.map((r) => f.agreementWords[r.agreement]), dropOrder: 3 },
  ];
}

function alarmColumns(rows: readonly DetectorSummary[]): readonly Column[] {
  return [
    { head: 'alert', cells: rows.map((d) => d.id), dropOrder: 0 },
    { head: 'detected', cells: rows.map(f.detectedText), dropOrder: 0, right: true },
    {
      head: 'after',
      cells: rows.map(f.ttdText),
      dropOrder: 0,
      right: true,
    },
    { head: 'min TTD', cells: rows.map((d) => humanDuration(d.leastTtdMs)), dropOrder: 2, right: true },
    {
      head: 'else',
      cells: rows.map((d) =>
        (['missed', 'dead', 'blind', 'misdiagnosed', 'noisy'] as const)
          .filter((s) => d.counts[s] > 0)
          .map((s) => `${f.statusWords[s]} ${d.counts[s]}`)
          .join(', '),
      ),
      dropOrder: 1,
    },
  ];
}
