import { signed } from '../analysis/words.ts';
import { painter, table, wrap, type Paint, type TerminalOptions } from '../reporters/table.ts';
import { countOf, humanDuration, midpoint } from '../model/units.ts';
import type { Met } from './requirements.ts';
import type { Cell, OutageRow, ProfileResult, TrialRow } from './result.ts';
import { falseAlarmsText, leadText, liveText, stateWords } from './words.ts';

/** One result: under the rules' own settings, or under another `for`. */
export interface Variant {
  /** `for: 5m`; empty for the rules' own. */
  readonly title: string;
  readonly profiles: readonly ProfileResult[];
}

/** What a test of rules says, whatever form it is told in. */
export interface TestResult {
  readonly variants: readonly Variant[];
  /** What of the corpus could not be used: counted in nothing. */
  readonly damaged: readonly { readonly name: string; readonly why: string }[];
  readonly met: readonly Met[];
  /** Version of the Prometheus that evaluated. */
  readonly prometheus: string;
  /** `--interval`, as typed. */
  readonly interval?: string;
}

/** What a test of rules says, as tables for a terminal: every outage with the rules that said anything, then every rule with its false alarms. */
export function terminalResult(result: TestResult, options: TerminalOptions): string {
  const paint = painter(options.colour);
  const lines: string[] = [];
  for (const { title, profiles } of result.variants) {
    if (title !== '') lines.push(paint.bold(`# ${title}`), '');
    for (const profile of profiles) lines.push(...profileLines(profile, options.width, paint));
  }
  for (const { name, why } of result.damaged)
    lines.push(...wrap(`left out: ${name} is damaged: ${why}`, options.width));
  for (const { requirement, met, why } of result.met) {
    lines.push(...wrap(`${met ? 'met' : 'NOT MET'}: ${requirement.text}${met ? '' : `: ${why}`}`, options.width));
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

function profileLines(profile: ProfileResult, width: number, paint: Paint): readonly string[] {
  const { outages, healthy, rules } = profile;
  const never = rules.filter(({ neverHere }) => neverHere.length > 0);
  const able = rules.filter(({ neverHere }) => neverHere.length === 0);
  return [
    paint.bold(
      `Profile ${profile.profile}: ${countOf(rules.length, 'alert rule')} on ${countOf(outages.length, 'outage')}`,
    ),
    '',
    ...outages.flatMap((row) => row.trials.flatMap((trial) => trialLines(row, trial, width, paint))),
    ...(healthy.length === 0 ? [] : [`${countOf(healthy.length, 'trial')} of a healthy cluster`, '']),
    paint.bold('Rules'),
    ...table(
      [
        { head: 'rule', cells: able.map(({ rule }) => rule.title), dropOrder: 0 },
        { head: 'detected', cells: able.map((r) => `${r.detected} of ${r.outages}`), dropOrder: 0 },
        {
          head: 'right name',
          cells: able.map((r) => (r.right + r.wrong === 0 ? '' : `${r.right} of ${r.right + r.wrong}`)),
          dropOrder: 2,
        },
        { head: 'false alarms', cells: able.map((r) => falseAlarmsText(r.falseAlarms)), dropOrder: 1 },
      ],
      able.length,
      width,
      paint,
    ),
    '',
    `False alarms of all rules together: ${falseAlarmsText(profile.total)}.`,
    ...(profile.live.of === 0 ? [] : wrap(liveText(profile.live), width)),
    ...never.flatMap(({ rule, neverHere }) =>
      wrap(`${rule.title} can never fire here: no such series ${neverHere.join(', ')}`, width),
    ),
    '',
  ];
}

/** What says nothing in a trial is counted, not listed. */
const silent = ['missed', 'too-short', 'no-series'];

function trialLines(
  { outage }: OutageRow,
  { kept, verdicts }: TrialRow,
  width: number,
  paint: Paint,
): readonly string[] {
  const { truth } = kept;
  const shown = verdicts.filter(({ verdict }) => !silent.includes(verdict.state));
  const count = (state: string): number => verdicts.filter(({ verdict }) => verdict.state === state).length;
  const noticed =
    truth.firstSymptom === undefined || truth.onset === undefined
      ? 'users never noticed'
      : `users noticed after ${humanDuration(Math.max(0, midpoint(truth.firstSymptom.interval) - midpoint(truth.onset)))}`;
  const cells = (of: (cell: Cell) => string): readonly string[] => shown.map(of);
  return [
    paint.bold(outage) + ` (${kept.name}; ${truth.distribution}, runbook ${truth.runbook}; ${noticed})`,
    ...(shown.length === 0
      ? ['  no rule fired']
      : table(
          [
            { head: 'rule', cells: cells(({ rule }) => rule.title), dropOrder: 0 },
            {
              head: 'TTD',
              cells: cells(({ verdict }) =>
                verdict.ttdMs === undefined ? stateWords[verdict.state] : signed(verdict.ttdMs),
              ),
              dropOrder: 0,
            },
            { head: 'users noticed', cells: cells(({ verdict }) => leadText(verdict)), dropOrder: 2 },
            { head: 'name', cells: cells(({ verdict }) => verdict.name ?? ''), dropOrder: 1 },
            {
              head: 'came back',
              cells: cells(({ verdict }) => (verdict.flaps === 0 ? '' : `${verdict.flaps}×`)),
              dropOrder: 3,
            },
            {
              head: 'alert',
              cells: cells(({ verdict, trouble }) => (trouble ?? verdict.who ?? '').slice(0, 70)),
              dropOrder: 4,
            },
          ],
          shown.length,
          width,
          paint,
        )),
    `  ${[`${count('missed')} missed it`, ...(count('too-short') === 0 ? [] : [`${count('too-short')} were watched for less than their for`]), `${count('no-series')} cannot fire here`].join('; ')}`,
    '',
  ];
}
