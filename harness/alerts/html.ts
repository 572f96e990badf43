import { signed } from '../analysis/words.ts';
import { countOf, humanDuration, midpoint } from '../model/units.ts';
import { head, safe, trusted, type Markup } from '../reporters/markup.ts';
import { graph } from './graph.ts';
import { ruleKey, type Cell, type ProfileResult, type RuleRow, type TrialRow } from './result.ts';
import type { TestResult } from './terminal.ts';
import { falseAlarmsText, leadText, liveText, stateWords } from './words.ts';

/** What the matrix and graphs need beside the reports' style. */
export const style = trusted(`<style>
.matrix{overflow-x:auto;margin:1rem 0;border:1px solid var(--line);border-radius:12px;background:var(--card)}
.matrix table{width:auto;min-width:100%;border-collapse:separate;border-spacing:0}
.matrix th,.matrix td{padding:.28rem .5rem;border-bottom:1px solid var(--line);font-size:.8rem;line-height:1.25;white-space:nowrap;text-align:left;vertical-align:middle}
.matrix thead th{vertical-align:bottom;height:9.5rem;border-bottom:2px solid var(--line)}
.matrix thead th.turned span{writing-mode:vertical-rl;transform:rotate(180deg);display:inline-block}
.matrix tbody th{position:sticky;left:0;background:var(--card);color:var(--ink);font-weight:500;max-width:17rem;overflow:hidden;text-overflow:ellipsis;border-right:1px solid var(--line)}
.matrix td a{color:inherit;text-decoration:none;display:block}
.matrix td a:hover{text-decoration:underline}
.matrix td.detected{background:var(--good-soft);color:var(--good);font-weight:650}
.matrix td.wrong{background:var(--bad-soft);color:var(--bad)}
.matrix td.noisy,.matrix td.late,.matrix td.pending,.matrix td.standing{color:var(--gold)}
.matrix td.too-short,.matrix td.missed,.matrix td.no-series,.matrix td.failed{color:var(--muted)}
.matrix .first{box-shadow:inset 3px 0 0 var(--good)}
.cell{scroll-margin-top:1rem}
.cell:target{outline:2px solid var(--good);outline-offset:6px;border-radius:6px}
.cell h3{font-size:.95rem;overflow-wrap:anywhere}
.healthy{fill:var(--good-soft);opacity:.45}
.series{fill:none;stroke-width:1.75;vector-effect:non-scaling-stroke;stroke:var(--ink)}.series.s1{stroke:var(--good)}.series.s2{stroke:var(--muted)}
.threshold{stroke:var(--bad);stroke-width:1;stroke-dasharray:4 3;vector-effect:non-scaling-stroke}
.pending{fill:var(--gold);opacity:.55}.firing{fill:var(--bad)}
.rule.users{stroke:var(--ink);stroke-dasharray:2 2}.rule.changed{stroke:var(--muted);stroke-dasharray:6 3}
@media (max-width:56rem){.matrix table{display:table}.matrix thead{display:table-header-group;position:static;width:auto;height:auto;clip-path:none}.matrix tbody{display:table-row-group}.matrix tr{display:table-row}.matrix th,.matrix tr:not(.details)>td{display:table-cell;white-space:nowrap;padding:.28rem .5rem}}
@media (max-width:40rem){.matrix tbody th{max-width:9rem}main,header,footer{padding:0 .8rem}}
</style>`);

const title = 'Alert rules on real outages';

/**
 * A test of rules as one page, offline and without JavaScript: a matrix of rules and outages, and for each cell in which anything happened the graph of
 * the expression. In pieces, for it is long.
 */
export function* htmlResult(result: TestResult): Generator<string, void> {
  yield safe`${head(title)}${style}<body>
<header><p class="kicker">firedrill · alert rules · Prometheus ${result.prometheus}${result.interval !== undefined && ` · every group every ${result.interval}`}</p><h1>${title}</h1>
<p class="lead">Each cell is how long after the onset the rule fired. Nothing was running: the rules were evaluated over the stored metrics of real trials.</p></header>
<main>
${result.damaged.length > 0 && safe`<ul class="warnings">${result.damaged.map(({ name, why }) => safe`<li>Left out: ${name} is damaged: ${why}</li>`)}</ul>`}
${result.met.length > 0 && safe`<h2>Requirements</h2><ul class="plain">${result.met.map(({ requirement, met, why }) => safe`<li><span class="badge ${met ? 'good' : 'bad'}">${met ? 'met' : 'not met'}</span> <code>${requirement.text}</code>${!met && `: ${why}`}</li>`)}</ul>`}
`.markup;
  for (const [v, variant] of result.variants.entries()) {
    for (const profile of variant.profiles) {
      const id = `v${v}-${profile.profile}`;
      const heading = `Profile ${profile.profile}${variant.title === '' ? '' : `, ${variant.title}`}`;
      yield safe`<section><h2>${heading}</h2>
${matrix(profile, id)}
${legend}
<p class="muted">All rules together on a healthy cluster: ${falseAlarmsText(profile.total)}. ${liveText(profile.live)}</p>
${neverSection(profile)}
</section>
`.markup;
      yield* graphs(profile, id);
    }
  }
  yield '</main><footer></footer></body></html>\n';
}

const legend = safe`<ul class="legend">
<li>a time: after how long it fired; <b>bold on colour</b>: detected; vermilion: under a wrong name; a bar at the left: the first of its outage</li>
<li>pending: its condition held, not for long enough · short: watched for less than its <code>for</code> · late: only after the fix began · already: it fired before the outage · noisy: it fired in this trial when nothing was wrong, too · ·: missed · –: it reads series that there are none of</li></ul>`;

const short = {
  detected: '',
  noisy: 'noisy',
  late: 'late',
  pending: 'pending',
  'too-short': 'short',
  missed: '·',
  standing: 'already',
  'no-series': '–',
  failed: 'error',
} as const;

const columnsOf = ({
  outages,
  healthy,
}: ProfileResult): readonly { readonly name: string; readonly row: TrialRow }[] => [
  ...outages.flatMap(({ outage, trials }) => trials.map((row) => ({ name: outage, row }))),
  ...healthy.map((row) => ({ name: row.kept.name, row })),
];

const cellId = (id: string, rule: number, column: number): string => `${id}-r${rule}-c${column}`;

/** Rules that can fire in some trial: the others have no row. */
const ableOf = ({ rules }: ProfileResult): readonly RuleRow[] =>
  rules.filter(({ neverHere }) => neverHere.length === 0);

/** The others, with what they lack. */
function neverSection({ rules }: ProfileResult): Markup | undefined {
  const never = rules.filter(({ neverHere }) => neverHere.length > 0);
  if (never.length === 0) return undefined;
  return safe`<details><summary>${countOf(never.length, 'rule')} can never fire here</summary><ul class="plain">${never.map(
    ({ rule, neverHere }) =>
      safe`<li>${rule.title} (${rule.file}:${rule.line}): no such series ${neverHere.join(', ')}</li>`,
  )}</ul></details>`;
}

function matrix(profile: ProfileResult, id: string): Markup {
  const columns = columnsOf(profile);
  const firstOf = columns.map(({ row }) => row.verdicts.find(({ verdict }) => verdict.state === 'detected'));
  const cell = (r: RuleRow, i: number, column: number): Markup => {
    const found = cellOf(r, columns[column]?.row);
    if (found === undefined) return safe`<td></td>`;
    const { verdict } = found;
    const text = verdict.ttdMs === undefined ? short[verdict.state] : signed(verdict.ttdMs);
    const about = `${r.rule.name}, ${columns[column]?.name ?? ''}: ${stateWords[verdict.state]}${verdict.leadMs === undefined ? '' : `, ${leadText(verdict)} users noticed`}`;
    const kind = verdict.name === 'wrong' ? 'wrong' : verdict.state;
    const inner = found.spans.length > 0 ? safe`<a href="#${cellId(id, i, column)}">${text}</a>` : text;
    return safe`<td class="${kind}${found === firstOf[column] && ' first'}" title="${about}">${inner}</td>`;
  };
  return safe`<div class="matrix" tabindex="0" role="region" aria-label="Rules and outages"><table>
<thead><tr><th>rule</th>${columns.map(({ name, row }) => safe`<th class="turned" title="${row.kept.truth.title}"><span>${name}</span></th>`)}<th>false alarms</th></tr></thead>
<tbody>${ableOf(profile).map(
    (
      r,
      i,
    ) => safe`<tr><th title="${r.rule.title}, ${r.rule.file}:${r.rule.line}">${r.rule.title}</th>${columns.map((_, column) => cell(r, i, column))}<td>${falseAlarmsText(r.falseAlarms)}</td></tr>
`,
  )}</tbody></table></div>`;
}

const cellOf = ({ rule }: Pick<RuleRow, 'rule'>, row: TrialRow | undefined): Cell | undefined =>
  row?.verdicts.find((cell) => ruleKey(cell.rule) === ruleKey(rule));

function* graphs(profile: ProfileResult, id: string): Generator<string, void> {
  for (const [column, { name, row }] of columnsOf(profile).entries()) {
    const cells = ableOf(profile).flatMap((r, i) => {
      const found = cellOf(r, row);
      return found === undefined || found.spans.length === 0 ? [] : [{ found, i }];
    });
    if (cells.length === 0) continue;
    const { truth } = row.kept;
    yield safe`<details class="card"><summary>${name}: ${countOf(cells.length, 'rule')} with an alert</summary>
<p class="muted">${truth.title}. ${row.kept.name}, ${truth.distribution}, runbook ${truth.runbook}.${truth.firstSymptom !== undefined && truth.onset !== undefined && ` Users noticed after ${humanDuration(midpoint(truth.firstSymptom.interval) - midpoint(truth.onset))}.`}</p>
<ul class="legend"><li>vermilion line: the fault · dotted: users notice · dashed: the runbook begins to change things · green: service is stable</li><li>below the plot: gold is pending, vermilion is firing · dashed across: the threshold</li></ul>
`.markup;
    for (const { found, i } of cells) yield cellMarkup(found, truth, cellId(id, i, column)).markup;
    yield '</details>\n';
  }
}

function cellMarkup(cell: Cell, truth: TrialRow['kept']['truth'], id: string): Markup {
  const { rule, verdict, drawn, trouble } = cell;
  const facts = [
    verdict.ttdMs === undefined ? stateWords[verdict.state] : `TTD ${signed(verdict.ttdMs)}`,
    verdict.leadMs === undefined ? '' : `${leadText(verdict)} users noticed`,
    verdict.name === undefined ? '' : `${verdict.name} name`,
    verdict.flaps === 0 ? '' : `came back ${countOf(verdict.flaps, 'time')}`,
    `for ${humanDuration(rule.forMs)}`,
    verdict.who ?? '',
  ].filter((text) => text !== '');
  return safe`<div class="cell" id="${id}"><h3>${rule.title}</h3><p class="muted">${facts.join(' · ')}</p>
${trouble !== undefined && safe`<p class="bad-text">${trouble}</p>`}${graph(cell, truth)}
<pre>${rule.expr}</pre>${drawn !== undefined && drawn.more > 0 && safe`<p class="muted">${countOf(drawn.series.length, 'series', 'series')} of ${drawn.series.length + drawn.more} drawn</p>`}</div>
`;
}
