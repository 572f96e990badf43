import { percent } from '../analysis/words.ts';
import { isSuccess, outcomeLabel } from '../model/outcome.ts';
import { countOf, humanDuration } from '../model/units.ts';
import type { ControlSummary, RunSummary } from '../model/summary.ts';
import * as f from './format.ts';
import { entryTable, numbers, prose } from './html-table.ts';
import { safe, type Markup } from './markup.ts';
import { code, columnsTable, markdownTable, md } from './markdown-text.ts';
import { table, type Paint } from './table.ts';

const controlsOf = (summary: RunSummary): readonly ControlSummary[] => summary.controlArms ?? [];

/** `clean 3 of 3`, `recovered 2 of 3`; where trials are missing, why. */
export function resultText(c: ControlSummary): string {
  const [word, share] = c.clean === undefined ? ['recovered', c.recovered] : ['clean', c.clean];
  const gave = share === undefined || share.n === 0 ? 'no data' : `${word} ${f.ofText(share.k, share.n)}`;
  const lost = (['invalid', 'unknown'] as const).flatMap((o) => {
    const n = c.outcomes[o] ?? 0;
    return n === 0 ? [] : [`${n} ${o}`];
  });
  const run = Object.values(c.outcomes).reduce((a, b) => a + b, 0);
  return [gave, ...lost, ...(run < c.planned ? [`${c.planned - run} not run`] : [])].join(', ');
}

/** TTR; nothing where service was not broken. */
function ttrText(c: ControlSummary, horizonMs: number): string {
  if (c.meanTtrMs === undefined) return '–';
  if (c.meanIsBound === true && c.meanTtrMs >= horizonMs) return `not within ${humanDuration(horizonMs)}`;
  return `${c.meanIsBound === true ? 'at least ' : ''}${humanDuration(c.meanTtrMs)}`;
}

/** A column's head, what it says of a control, and when the terminal drops it for want of room (0: never). */
const columns: readonly (readonly [
  head: string,
  cell: (c: ControlSummary, horizonMs: number) => string,
  dropOrder: number,
])[] = [
  ['control', (c) => c.id, 0],
  ['result', resultText, 0],
  ['TTR', ttrText, 1],
  ['downtime', f.downtimeText, 2],
  ['data lost', f.dataText, 4],
  ['collateral', f.collateralText, 5],
  ['measured', (c) => c.measured, 3],
];

/** An alert on a healthy cluster: fired in so many trials, and how often it may still do so. */
function falseAlarmCells(a: NonNullable<ControlSummary['alarms']>[number]): readonly string[] {
  const most = a.atMost === undefined ? '' : `at most ${percent(a.atMost)}`;
  return [a.id, f.ofText(a.k, a.n), most, a.silent === 0 ? '' : countOf(a.silent, 'trial')];
}

const falseAlarmHeads = ['alert', 'fired', 'true share', 'dead or blind'] as const;

const healthyAlarms = (summary: RunSummary): NonNullable<ControlSummary['alarms']> =>
  controlsOf(summary).find((c) => c.kind === 'healthy')?.alarms ?? [];

/** The controls as Markdown blocks; none without controls. */
export function controlsMarkdown(summary: RunSummary): readonly string[] {
  const controls = controlsOf(summary);
  if (controls.length === 0) return [];
  const alarms = healthyAlarms(summary);
  return [
    '## Controls',
    'Controls do not respond to the outage and are not ranked: they show how far the runbooks, the alerts and the comparison can be trusted.',
    columnsTable(
      controls,
      columns.map(([head, cell], i) => [head, (c) => (i === 0 ? code : md)(cell(c, summary.horizonMs))]),
    ),
    controls.map((c) => `- ${code(c.id)}: ${md(c.title)}.`).join('\n'),
    ...(alarms.length === 0
      ? []
      : [
          'Alerts on a healthy cluster:',
          markdownTable(
            falseAlarmHeads,
            alarms.map((a) => falseAlarmCells(a).map(md)),
          ),
        ]),
  ];
}

/** The controls in the terminal; no lines without controls. */
export function controlsTerminal(summary: RunSummary, width: number, paint: Paint): readonly string[] {
  const controls = controlsOf(summary);
  if (controls.length === 0) return [];
  const shown = columns.map(([head, cell, dropOrder]) => ({
    head,
    cells: controls.map((c) => cell(c, summary.horizonMs)),
    dropOrder,
  }));
  return ['', ...table(shown, controls.length, width, paint)];
}

/** The controls as a section of the page; nothing without controls. */
export function controlsHtml(summary: RunSummary): Markup | false {
  const controls = controlsOf(summary);
  if (controls.length === 0) return false;
  const alarms = healthyAlarms(summary);
  const odd = summary.controls.filter((t) => !isSuccess(t.outcome));
  return safe`<section><h2>Controls</h2>
<p class="lead">Controls do not respond to the outage and are not ranked: they show how far the runbooks, the alerts and the comparison can be trusted.</p>
<div class="card">${entryTable(
    'Valid trials only. Downtime: mean over the SLIs that this outage must break.',
    [
      numbers('Result'),
      numbers('TTR', 'TTR'),
      numbers('Downtime', 'downtime'),
      numbers('Data lost', 'data lost'),
      prose('Collateral', 'collateral'),
      prose('Measured'),
    ],
    controls.map((c) => ({
      id: c.id,
      title: c.title,
      cells: columns.slice(1).map(([, cell]) => cell(c, summary.horizonMs)),
    })),
  )}</div>
${
  alarms.length > 0 &&
  safe`<h3>Alerts on a healthy cluster</h3>
<div class="card">${entryTable(
    'Trials in which an alert fired although nothing was wrong, and the upper bound of the true share (95 %, exact, one-sided).',
    [numbers('Fired'), numbers('True share'), numbers('Dead or blind', 'alert')],
    alarms.map((a) => {
      const [, fired, ...rest] = falseAlarmCells(a);
      return {
        id: a.id,
        cells: [safe`<span class="${a.k > 0 ? 'bad-text' : 'good-text'}">${fired}</span>`, ...rest],
      };
    }),
  )}</div>`
}
${odd.length > 0 && safe`<h3>Controls that were not clean</h3><ul class="plain">${odd.map((t) => safe`<li><code>${t.trialId}</code> ${outcomeLabel(t.outcome)}: ${t.reason}</li>`)}</ul>`}
</section>`;
}
