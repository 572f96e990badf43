import type { Fault } from '../analysis/faults.ts';
import { fixes, firstAlarm, type Overview, type OverviewRunbook, type Range } from '../analysis/overview.ts';
import { sum } from '../analysis/numbers.ts';
import { span } from '../analysis/words.ts';
import { countOf, humanDuration } from '../model/units.ts';
import * as f from './format.ts';
import { code, markdownTable, md } from './markdown-text.ts';

/** `41 s`, or `41 s to 1 min 3 s`. */
export function rangeText({ minMs, maxMs }: Range): string {
  const [least, most] = [humanDuration(minMs), humanDuration(maxMs)];
  return least === most ? least : `${least} to ${most}`;
}

/**
 * Every runbook that recovered each time, safest first: how often, its TTR and its downtime, and what speaks against it all the same.
 * @param name how a runbook's id is written
 */
export function endedBy(outage: Overview, name: (id: string) => string): string {
  const found = fixes(outage).map((r) => {
    const ttr = r.ttr === undefined ? '' : `, TTR ${rangeText(r.ttr)}`;
    const facts = `${f.ofText(r.k, r.n)}${ttr}, downtime ${humanDuration(r.badnessMs)}${against[r.fault] ?? ''}`;
    return `${name(r.id)} (${facts})`;
  });
  return list(found, outage.trials.valid === 0 ? 'no data' : 'nothing');
}

/** Of what recovered every time: it lost nothing, did no harm, and stayed up. */
const against: Readonly<Partial<Record<Fault, string>>> = {
  'never-whole': ', never fully recovered',
  unread: ', data could never be read',
};

/**
 * Several outages on one page, for the night in which one of them happens: what noticed it first, what ended it, what did not; then
 * each with what its postmortem says beside what was measured.
 * @param linkTo where a run's own report is, as the page's links shall have it
 */
export function overviewMarkdown(outages: readonly Overview[], linkTo: (runId: string) => string): string {
  const runs = sum(outages.map((outage) => outage.runs.length));
  const titles = titlesOf(outages);
  const blocks = [
    '# What detected each outage, and what ended it',
    `From ${countOf(runs, 'run')} of ${countOf(new Set(outages.map(({ scenario }) => scenario)).size, 'outage')}. Times count from the onset; where trials differ, the shortest and the longest are given. ` +
      'Trials from several runs are pooled for counting only. Compare runbooks within one run. Runs on other node versions are listed separately.',
    markdownTable(
      ['outage', 'first alert', 'ended by', 'did not end it every time'],
      outages.map((outage, i) => [
        `[${titleText(titles[i] ?? '')}](#${anchor(titles[i] ?? '')}) ${md(outage.outage.title)}`,
        noticedBy(outage),
        endedBy(outage, code),
        list(
          outage.runbooks.filter((r) => !r.prevention && r.n > 0 && r.k < r.n).map((r) => code(r.id) + sometimes(r)),
          '–',
        ),
      ]),
    ),
    ...outages.flatMap((outage, i) => section(outage, titles[i] ?? '', linkTo)),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

/** An outage's name, with what its nodes ran where that is not kubeadm; where there are runs of it on several sorts of nodes, or in several profiles, with what tells them apart. */
function titlesOf(outages: readonly Overview[]): readonly string[] {
  return outages.map(({ scenario, profile, distribution, nodes }) => {
    const others = outages.filter((other) => other.scenario === scenario && other.distribution === distribution);
    const told = [
      ...(distribution === undefined ? [] : [distribution]),
      ...(others.some((other) => other.profile !== profile) ? [`profile ${profile}`] : []),
      ...nodes.split(', ').filter((version) => others.some((other) => !other.nodes.split(', ').includes(version))),
    ];
    return told.length === 0 ? scenario : `${scenario} on ${told.join(', ')}`;
  });
}

/** The outage's name as code, and the rest as it is. */
function titleText(title: string): string {
  const [scenario = '', ...rest] = title.split(' ');
  return [code(scenario), ...rest.map(md)].join(' ');
}

/** The anchor that GitHub gives to a heading. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');

function section(outage: Overview, heading: string, linkTo: (runId: string) => string): readonly string[] {
  const { title, source, undetectedMs, recoveryMs } = outage.outage;
  const { planned, valid } = outage.trials;
  const runs = outage.runs.map(({ runId, createdEpochMs }) => `[${f.utc(createdEpochMs)}](${linkTo(runId)})`);
  return [
    `## ${md(heading)}`,
    `${md(title)} (${md(source)}). ${recoveryMs === 0 ? '' : `There it ${undetectedMs === 0 ? 'was noticed at once' : `went unnoticed for ${span(undetectedMs)}`} and ended after ${span(recoveryMs)}. `}` +
      `Profile ${code(outage.profile)}${outage.nodes === '' ? '' : `, nodes with ${md(outage.nodes)}`}, ${f.ofText(valid, planned)} trials valid: ${runs.join(', ')}.`,
    markdownTable(
      ['runbook', 'the postmortem', 'measured', ''],
      outage.runbooks.map((r) => [code(r.id), md(r.says), md(r.measured), f.agreementWords[r.agreement]]),
    ),
    outage.alarms.length === 0
      ? ''
      : `Alerts: ${outage.alarms.map((a) => `${code(a.id)} ${f.ofText(a.detected, a.n)}${a.ttd === undefined ? '' : ` after ${rangeText(a.ttd)}`}`).join('; ')}.`,
  ];
}

function noticedBy(outage: Overview): string {
  const first = firstAlarm(outage);
  return first === undefined ? 'none' : `${code(first.id)} ${rangeText(first.ttd)}`;
}

/** How often, of what ended it in some trials. */
const sometimes = ({ k, n }: OverviewRunbook): string => (k === 0 ? '' : ` (${f.ofText(k, n)})`);

const list = (items: readonly string[], none: string): string => (items.length === 0 ? none : items.join(', '));
