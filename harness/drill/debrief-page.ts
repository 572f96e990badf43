import { rowsLost } from '../analysis/words.ts';
import { commandOf, placeName } from '../engine/steps.ts';
import type { ClaimedRunbook } from '../model/runbook.ts';
import type { Scenario } from '../model/scenario.ts';
import { countOf, humanDuration } from '../model/units.ts';
import { ofText } from '../reporters/format.ts';
import { entryTable, numbers } from '../reporters/html-table.ts';
import { head, safe, trusted, type Markup } from '../reporters/markup.ts';
import { rangeText } from '../reporters/overview.ts';
import { timeline } from '../reporters/svg/timeline.ts';
import type { Debrief, Happening } from './debrief.ts';

/** So many bad stretches of a probe are drawn. */
const drawnStretches = 60;

/** Rules of this page beside the reports' own. */
const own = `.story{list-style:none;margin:0;padding:0}.story li{display:grid;grid-template-columns:4.6rem minmax(0,1fr);gap:.8rem;padding:.35rem 0;border-top:1px solid var(--line)}
.story li:first-child{border-top:0}.story time{color:var(--muted);text-align:right;font-variant-numeric:tabular-nums}.story code{white-space:pre-wrap}.story small{color:var(--muted)}`;

/**
 * The debrief of a drill as one HTML page, offline, without JavaScript. Pure.
 * @param cure what would have ended it; undefined where nobody knows
 */
export function debriefPage(
  debrief: Debrief,
  { outage, fault }: Pick<Scenario, 'outage' | 'fault'>,
  scenarioId: string,
  cure: ClaimedRunbook | undefined,
): string {
  const { record } = debrief;
  return safe`${head(`${titleOf(debrief)} · debrief of ${scenarioId}`)}<body>
<style>${trusted(own)}</style>
<header><p class="kicker">firedrill · debrief · <code>${scenarioId}</code> · seed ${String(record.seed)}</p></header>
<main>
<section class="verdict ${debrief.ending === 'restored' ? 'use' : 'none'}">
<p class="kicker">How it went</p>
<h1>${titleOf(debrief)}</h1>
<dl class="facts">
${fact('First alert that named it', debrief.firstUsefulAlert === undefined ? 'none' : humanDuration(debrief.firstUsefulAlert.atMs), debrief.firstUsefulAlert?.id ?? 'before you changed anything')}
${fact('Your first look', time(debrief.firstLookMs))}
${fact('Your first change', time(debrief.firstChangeMs))}
${fact('Commands', String(debrief.commands.looks + debrief.commands.changes), `${debrief.commands.changes} changed something, ${debrief.commands.failed} failed`)}
${fact('Users without service', humanDuration(record.badnessMs))}
${debrief.hints.count > 0 && fact('Hints', String(debrief.hints.count), `cost ${humanDuration(debrief.hints.costMs)}`)}
</dl>
<p class="sure">${harmOf(debrief)}</p>
</section>
<section><h2>What it was</h2><div class="card">
<p><strong>${outage.title}</strong> (${outage.source})</p>
<p>The fault: ${fault.title}, on ${placeName(fault.targets)}.</p>
<ul class="plain">${outage.says.map((line) => safe`<li>${line}</li>`)}</ul>
</div></section>
<section><h2>What would have ended it</h2>${cureSection(cure)}</section>
<section><h2>You, beside the documented runbooks</h2><div class="card">${comparison(debrief)}</div></section>
<section><h2>What happened when</h2><p class="lead">Times count from the onset.</p>
<div class="card"><ol class="story">${debrief.story.map(line)}</ol></div>
<div class="card wide">${timeline(record, drawnStretches)}</div></section>
</main>
<footer><p>A runbook begins a fixed time after the onset and knows what is broken; you did not. Your time to recover is measured like theirs.</p></footer>
</body>
</html>
`.markup;
}

const fact = (name: string, value: string, note?: string): Markup =>
  safe`<div><dt>${name}</dt><dd>${value}${note !== undefined && safe`<small>${note}</small>`}</dd></div>`;

const time = (ms: number | undefined): string => (ms === undefined ? 'none' : humanDuration(ms));

/** The drill in one line. */
export function titleOf({ ending, broke, recoveredMs, hints }: Debrief): string {
  if (!broke) return 'Ended before anything broke';
  const cost = hints.costMs === 0 ? '' : ` (${humanDuration((recoveredMs ?? 0) + hints.costMs)} with the hints)`;
  if (ending === 'restored' && recoveredMs !== undefined)
    return `Service restored after ${humanDuration(recoveredMs)}${cost}`;
  return {
    restored: 'Service restored',
    limit: 'Not restored in time',
    'gave-up': 'Given up',
    left: 'Left before service was back',
    cut: 'Cut off',
  }[ending ?? 'cut'];
}

/** What was harmed, in a sentence or two. */
export function harmOf({ record, ending }: Debrief): string {
  const { harm, data, collateral } = record;
  const said = [
    data === 'unknown'
      ? 'The data could not be read back: whether rows were lost is unknown.'
      : data.lost > 0
        ? `${rowsLost(data.lost)}.`
        : 'No acknowledged row was lost.',
    ...(harm === undefined
      ? []
      : [
          ...(harm.slis.length === 0 ? [] : [`Left down that had worked: ${harm.slis.join(', ')}.`]),
          ...(harm.objects.length === 0
            ? []
            : [`Gone for good outside what the fault hit: ${harm.objects.join(', ')}.`]),
        ]),
    ...(collateral === 'unknown' || collateral.restarts + collateral.deleted === 0
      ? []
      : [
          `Outside what the fault hit: ${countOf(collateral.restarts, 'restart')}, ${countOf(collateral.deleted, 'deleted object')}.`,
        ]),
    ...(record.downAgain?.relapse === true ? ['Service failed again after it had been restored.'] : []),
    ...(ending === 'restored' && record.fullRecoveryMissing.length > 0
      ? [`Not yet as before: ${record.fullRecoveryMissing.join('; ')}.`]
      : []),
  ];
  return said.join(' ');
}

function cureSection(cure: ClaimedRunbook | undefined): Markup {
  if (cure === undefined) return safe`<p class="card">No runbook is known that ends it.</p>`;
  const { runbook } = cure;
  return safe`<div class="card"><p><strong>${runbook.title}</strong> <code>${runbook.id}</code></p><p>${runbook.why}</p>
<ol class="steps">${runbook.steps.map(
    (step) =>
      safe`<li>${step.name} <span class="where">${placeName(step.on)}</span><pre>${commandOf(step)}</pre>${step.destroys !== undefined && safe`<small class="bad-text">destroys: ${step.destroys}</small>`}</li>`,
  )}</ol></div>`;
}

function comparison({ documented, recoveredMs, record, hints, broke }: Debrief): Markup {
  const lost = (rows: number): string => (rows === 0 ? 'none' : countOf(rows, 'row'));
  const watchedMs = record.endMs - (record.onset?.hi ?? 0);
  const you = {
    id: 'you',
    title: hints.count === 0 ? 'without hints' : `with ${countOf(hints.count, 'hint')}`,
    chosen: true,
    cells: [
      recoveredMs === undefined ? '0 of 1' : '1 of 1',
      recoveredMs === undefined
        ? broke
          ? `not within ${humanDuration(watchedMs)}`
          : 'no data'
        : humanDuration(recoveredMs),
      humanDuration(record.badnessMs),
      record.data === 'unknown' ? 'unknown' : lost(record.data.lost),
    ],
  };
  return entryTable(
    documented.length === 0
      ? 'There is no kept run of this outage in this profile to set beside it.'
      : 'Runbooks as kept runs measured them.',
    ['recovered', 'TTR', 'downtime', 'data lost'].map((name) => numbers(name)),
    [
      you,
      ...documented.map(({ id, title, k, n, ttr, badnessMs, lost: rows }) => ({
        id,
        title,
        cells: [ofText(k, n), ttr === undefined ? 'never' : rangeText(ttr), humanDuration(badnessMs), lost(rows)],
      })),
    ],
  );
}

const marks: Readonly<Record<Happening['kind'], string>> = {
  fault: '✗ fault',
  down: '✗ users',
  up: '✓ users',
  alert: '▲ alert',
  command: '❯ you',
  hint: '? you',
  shift: '·',
};

const line = ({ atMs, kind, says, code }: Happening): Markup =>
  safe`<li><time>${atMs < 0 ? '−' : ''}${humanClock(Math.abs(atMs))}</time><div><span class="badge ${kind === 'down' || kind === 'fault' ? 'bad' : kind === 'up' ? 'good' : ''}">${marks[kind]}</span> ${code !== undefined && safe`<code>${code}</code> `}${code === undefined ? says : safe`<small>${says}</small>`}</div></li>`;

/** `4:07` */
const humanClock = (ms: number): string => {
  const s = Math.round(ms / 1000);
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`;
};
