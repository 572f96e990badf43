import { fromBandsNote } from '../analysis/kept.ts';
import { sortTrials } from '../analysis/summary.ts';
import { leastTrials } from '../analysis/race.ts';
import { firstAlarmOf } from '../analysis/warnings.ts';
import { timeSpent } from '../analysis/time-spent.ts';
import { span } from '../analysis/words.ts';
import type { Plan } from '../model/plan.ts';
import { claimAfter, isSuccess, type Outcome, outcomeLabel, toneOf } from '../model/outcome.ts';
import type { TrialRecord, WholeOf, WholeRecord } from '../model/record.ts';
import { humanDuration } from '../model/units.ts';
import type { DetectorSummary, RunSummary, RunbookSummary } from '../model/summary.ts';
import { controlsHtml } from './controls.ts';
import * as f from './format.ts';
import { entryTable, numbers, prose, type Entry } from './html-table.ts';
import { trialCounts } from './markdown.ts';
import { head, safe, trusted, unescape, type Markup, type Value } from './markup.ts';
import { stripPlot, type Mark } from './svg/strip.ts';
import { survivalCurves } from './svg/survival.ts';
import { timeline } from './svg/timeline.ts';
import { termLink, termList } from './terms.ts';

/** Up to this many trials are shown unfolded. */
const unfolded = 12;
/** More trials than this are in report.json only: the page stays one that a browser opens. */
const mostDrawn = 100;
/** With fewer trials a curve says no more than the marks. */
const curveLeast = 5;
/** Characters of commands, and as many of output, in the trials of the whole report; what trials share of it keeps the file small. */
const outputBudget = 300_000;

/**
 * The report as one HTML file: opens from disk, offline, without JavaScript. The verdict comes first; a tired engineer needs
 * nothing else. Pure: the same inputs give the same bytes. In pieces, for of very many trials it is long; of those it fetches only the ones that it
 * draws.
 * @param indexHref the page that lists this run; without it there is no link to one
 * @param glossaryHref the same of the glossary: a report that lies anywhere names it only
 */
export function* htmlReport(
  summary: RunSummary,
  plan: Plan,
  records: readonly TrialRecord[],
  wholeOf: WholeOf,
  indexHref?: string,
  glossaryHref?: string,
): Generator<string, void> {
  const trials = sortTrials(plan, records);
  for (const { markup } of page(summary, plan, trials, wholeOf, indexHref, glossaryHref)) yield markup;
}

function* page(
  summary: RunSummary,
  plan: Plan,
  trials: readonly TrialRecord[],
  wholeOf: WholeOf,
  indexHref: string | undefined,
  glossaryHref: string | undefined,
): Generator<Markup, void> {
  yield safe`${head(titleOf(summary))}<body>
<header>
${indexHref !== undefined && safe`<nav><a href="${indexHref}">All runs</a></nav>`}
<p class="kicker">firedrill · <code>${summary.scenario}</code>${f.onWhat(summary)} · ${plan.outage.title} · ${f.utc(summary.createdEpochMs)} · profile ${summary.profile} · ${trialCounts(summary)}</p>
</header>
<main>
${verdictCard(summary, plan)}
${whatHappened(summary, plan, trials, wholeOf)}
`;
  yield* runbookSection(summary);
  yield* alarmSection(summary, plan);
  yield safe`${controlsHtml(summary)}
${trialSection(trials, wholeOf)}
${runbookPages(summary, plan)}
${truthSection(summary, plan)}
</main>
${footer(summary, plan, glossaryHref)}
</body>
</html>
`;
}

const titleOf = ({ verdict, scenario }: RunSummary): string => `${verdict.headline} · ${scenario}`;

/** The verdict's headline from the beginning of a report that this wrote, whatever version of it; `Report` from another page. */
export const headlineOf = (page: string): string =>
  unescape(/<title>([^<]*) · [^<·]*<\/title>/.exec(page)?.[1] ?? 'Report');

function verdictCard(summary: RunSummary, plan: Plan): Markup {
  const { verdict } = summary;
  const chosen = summary.runbooks.find((r) => r.id === verdict.runbook);
  const pages = plan.runbooks.find((r) => r.id === verdict.runbook);
  const idle = summary.runbooks.find((r) => r.passive);
  const alarm = firstAlarmOf(summary.detectors);
  const fact = (name: Value, value: string, note?: string | false): Markup =>
    safe`<div><dt>${name}</dt><dd>${value}${note !== undefined && note !== false && safe`<small>${note}</small>`}</dd></div>`;
  const title = {
    use: safe`Use <code>${verdict.runbook ?? ''}</code>`,
    wait: safe`Do nothing: it recovers by itself`,
    candidates: candidatesTitle(verdict.candidates ?? [], summary),
    none: safe`${clauseOf(verdict.headline)}`,
    'no-data': safe`No data: no trial was valid`,
  }[verdict.kind];
  const changing = pages?.steps.filter((s) => s.changes) ?? [];
  return safe`<section class="verdict ${verdict.kind}" aria-label="Verdict">
<p class="kicker">What to do in this outage</p>
<h1>${title}</h1>
<dl class="facts">
${
  chosen !== undefined && [
    fact('Recovered', f.ofText(chosen.recovered.k, chosen.n), verdict.kind === 'use' && chosen.title),
    fact(termLink('TTR', 'TTR'), f.meanTime(chosen, summary.horizonMs), partsNote(chosen)),
    fact(termLink('downtime', 'Downtime'), f.downtimeText(chosen)),
  ]
}
${idle !== undefined && idle.n > 0 && verdict.kind !== 'wait' && fact('Doing nothing', f.meanTime(idle, summary.horizonMs), `recovered ${f.ofText(idle.recovered.k, idle.n)}, downtime ${f.downtimeText(idle)}`)}
${summary.detectors.length > 0 && summary.trials.valid > 0 && (alarm?.ttd === undefined ? fact('First alert', 'none every time') : fact('First alert after', humanDuration(alarm.ttd.medianMs), `${alarm.id}, ${f.detectedText(alarm)}`))}
</dl>
${(verdict.candidates ?? []).length > 0 && candidateList(verdict.candidates ?? [], summary)}
${(verdict.kind === 'none' || (verdict.kind === 'candidates' && !isFew(verdict.candidates ?? [], summary))) && safe`<p>${verdict.headline}.</p>`}
<p class="sure"><strong>How sure:</strong> ${verdict.sureness}</p>
${summary.objective !== undefined && safe`<p><strong>Objective:</strong> ${summary.objective.says}.</p>`}
${(verdict.decisions ?? []).map((line) => safe`<p class="muted">${line}.</p>`)}
${verdict.preventions.map((line) => safe`<p>Prevention ${line}.</p>`)}
${verdict.warnings.length > 0 && safe`<ul class="warnings">${verdict.warnings.map((w) => safe`<li>${w}</li>`)}</ul>`}
${changing.length > 0 && safe`<details${changing.length <= 4 && trusted(' open')}><summary>The commands</summary><pre>${changing.map((s) => `# ${s.name} (on ${s.on})\n${s.command}`).join('\n\n')}</pre></details>`}
</section>`;
}

const isFew = (ids: readonly string[], { runbooks }: RunSummary): boolean =>
  ids.every((id) => (runbooks.find((r) => r.id === id)?.n ?? 0) < leastTrials);

/** `Not decided: a or b`. */
function candidatesTitle(ids: readonly string[], summary: RunSummary): Markup {
  if (isFew(ids, summary)) return safe`Too few trials for a winner`;
  return safe`${clauseOf(summary.verdict.headline)}: ${ids.map((id, i) => safe`${i > 0 && ' or '}<code>${id}</code>`)}`;
}

/** What recovered every time and is not shown to be worse than another. */
function candidateList(ids: readonly string[], summary: RunSummary): Markup {
  const rows = ids.flatMap((id) => summary.runbooks.find((r) => r.id === id) ?? []);
  return safe`<h3>${ids.length === 1 ? 'Only candidate' : 'Candidates, safest first'}</h3>
<ol class="candidates">${rows.map((r) => safe`<li><code>${r.id}</code> ${r.title}<small>recovered ${f.ofText(r.recovered.k, r.n)}, TTR ${f.meanTime(r, summary.horizonMs)}, downtime ${f.downtimeText(r)}${r.destroys.length > 0 && `; at stake: ${r.destroys.join('; ')}`}</small></li>`)}</ol>`;
}

/** The headline up to its first colon. */
const clauseOf = (headline: string): string => headline.split(':', 1)[0] ?? headline;

/** How much of the time was the drill's own delay: a person's is different. */
function partsNote(runbook: RunbookSummary): string {
  const { parts } = runbook;
  if (parts === undefined) return '';
  if (parts.mitigatingMs === 0 && parts.settlingMs === 0) return 'before the runbook began';
  return `${humanDuration(parts.mitigatingMs + parts.settlingMs)} from the first command; the ${humanDuration(parts.waitingMs)} before that are the drill's delay`;
}

function whatHappened(summary: RunSummary, plan: Plan, trials: readonly TrialRecord[], wholeOf: WholeOf): Markup {
  const first = trials.find((t) => t.onset !== undefined && t.outcome !== 'invalid');
  const seen = first === undefined ? undefined : wholeOf(first.trialId);
  const commands = (part: string): Markup | false => {
    const steps = seen?.steps.filter((s) => s.part === part && s.changes) ?? [];
    return (
      steps.length > 0 && safe`<pre>${steps.map((s) => `# ${s.name} (on ${s.on})\n${s.command}`).join('\n')}</pre>`
    );
  };
  const setup = commands('setup');
  const broken = summary.broke.map(({ title, trials: n, of }) =>
    n === of ? title : `${title} (in ${n} of ${of} trials)`,
  );
  return safe`<section><h2>What happened</h2>
<p class="lead">${plan.outage.title} (${plan.outage.source}, ${plan.outage.date}), reproduced${seen !== undefined && safe` ${summary.trials.run === 1 ? 'once' : `${summary.trials.run} times`}`} on real clusters.</p>
<div class="cols">
<div><h3>The postmortem says</h3><ul class="plain">${plan.outage.says.map((s) => safe`<li>${s}</li>`)}</ul>
${plan.outage.recoveryMs > 0 && safe`<p class="muted">${plan.outage.undetectedMs > 0 && `Unnoticed for ${span(plan.outage.undetectedMs)}; `}recovered in ${span(plan.outage.recoveryMs)}.</p>`}</div>
<div><h3>What was done here, and the evidence that it took effect</h3>
${
  seen === undefined
    ? safe`<p>No trial has a confirmed fault.</p>`
    : safe`${setup && safe`<details><summary>Before: how the cluster was set up</summary>${setup}</details>`}
${commands('inject')}
<ul class="plain">${seen.witness.slice(0, 8).map((w) => safe`<li>${w}</li>`)}</ul>
<p class="muted">The fault broke: ${broken.length === 0 ? 'nothing' : broken.join(', ')}.</p>`
}</div>
</div></section>`;
}

function* runbookSection(summary: RunSummary): Generator<Markup, void> {
  const curves = f.ranked(summary.runbooks).filter((r) => r.n >= curveLeast);
  yield safe`<section><h2>Runbooks</h2>
<div class="card">${entryTable(
    `Valid trials only. TTR: mean of min(TTR, ${humanDuration(summary.horizonMs)}); a trial that did not recover counts as the horizon. Fully: the same mean for full recovery.`,
    [
      numbers('Recovered', 'recovered k of n'),
      numbers('TTR', 'TTR'),
      numbers('Downtime', 'downtime'),
      numbers('Fully', 'full recovery'),
      numbers('Data lost', 'data lost'),
      prose('Collateral', 'collateral'),
      numbers('Commands'),
    ],
    f.ranked(summary.runbooks).map((r) => runbookEntry(r, summary)),
  )}</div>
<h3>Every trial's time to recover</h3>
<div class="card"><div class="plot-box">`;
  yield* stripPlot(
    f.ranked(summary.runbooks).map((r) => ({
      name: r.id,
      result: f.ofText(r.recovered.k, r.n),
      emphasis: r.id === summary.verdict.runbook,
      points: r.points.map((p) => ({
        title: `${p.trialId}, ${outcomeLabel(p.outcome)}`,
        mark: markOf(p.outcome),
        time: p.ttr,
      })),
    })),
    summary.horizonMs,
    'Time to recover of every trial, by runbook',
  );
  yield safe`</div>
<ul class="legend">
<li>${key(safe`<svg class="mark good" x="7" y="7"><circle r="4.5"/></svg>`)}recovered; the line shows the uncertainty</li>
<li>${key(safe`<svg class="mark loss" x="7" y="7"><path d="M0 -6L6 0L0 6L-6 0Z"/></svg>`)}recovered, with data lost</li>
<li>${key(safe`<svg class="mark bad" x="7" y="7"><path class="arrow" d="M-5 -5L5 5M5 -5L-5 5"/></svg>`)}did harm, or relapsed after it</li>
<li>${key(safe`<svg class="mark plain" x="14" y="7"><path class="arrow" d="M-14 0H-3M-8 -5L-2 0L-8 5"/></svg>`)}not recovered by the end of the trial</li>
</ul></div>
${
  curves.length > 0 &&
  safe`<h3>Share of trials not yet recovered</h3>
<div class="card"><div class="plot-box">${survivalCurves(curves, summary.horizonMs, summary.verdict.runbook)}</div>
<p class="muted">Kaplan-Meier: every curve begins with all trials at the onset and falls as they recover; what is left at the end never did.</p></div>`
}
${summary.noData.length > 0 && safe`<h3>Trials that gave no data</h3><p class="muted">Never counted against a runbook.</p><ul class="plain">${summary.noData.map((t) => safe`<li><code>${t.trialId}</code> ${outcomeLabel(t.outcome)}: ${t.reason}</li>`)}</ul>`}
${summary.controlArms === undefined && summary.controls.length > 0 && safe`<h3>Controls without a fault</h3><ul class="plain">${summary.controls.map((t) => safe`<li><code>${t.trialId}</code> ${t.reason}</li>`)}</ul>`}
</section>
`;
}

const key = (mark: Markup): Markup => safe`<svg width="16" height="14" aria-hidden="true">${mark}</svg>`;

function markOf(outcome: Outcome): Mark {
  if (isSuccess(outcome)) return 'good';
  if (outcome === 'recovered-with-loss') return 'loss';
  if (outcome === 'harmed' || outcome === 'relapsed') return 'bad';
  return 'plain';
}

function runbookEntry(r: RunbookSummary, summary: RunSummary): Entry {
  const all = r.n > 0 && r.recovered.k === r.n;
  // Where nothing recovered it has no width, and says nothing.
  const interval = r.ttrRange === undefined ? undefined : r.meanTtrInterval;
  const others = (Object.entries(r.outcomes) as [Outcome, number][])
    .filter(([o]) => o !== 'recovered' && o !== 'not-recovered')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([o, n]) => `${n} ${outcomeLabel(o)}`);
  return {
    id: r.id,
    title: r.title,
    chosen: r.id === summary.verdict.runbook,
    cells: [
      safe`<span class="${all ? 'good-text' : r.recovered.k === 0 && r.n > 0 ? 'bad-text' : ''}">${f.ofText(r.recovered.k, r.n)}</span>${f.chanceText(r) !== '' && safe`<small>true chance ${f.chanceText(r)} (95 %)</small>`}${others.length > 0 && safe`<small class="prose">${others.join(', ')}</small>`}`,
      safe`${f.meanTime(r, summary.horizonMs)}${interval !== undefined && safe`<small>${humanDuration(interval.lo)} to ${humanDuration(interval.hi)} (95 %)${r.meanIsBound && ' where it recovered'}</small>`}${r.medianTtrMs !== undefined && r.n > 2 && safe`<small>median ${humanDuration(r.medianTtrMs)}</small>`}${r.parts !== undefined && !r.passive && safe`<small>${humanDuration(r.parts.mitigatingMs + r.parts.settlingMs)} from the first command</small>`}`,
      f.downtimeText(r),
      f.fullyText(r),
      safe`<span class="${r.data.lost > 0 ? 'bad-text' : ''}">${f.dataText(r)}</span>`,
      f.collateralText(r),
      f.commandsText(r),
    ],
    details: [
      ['The postmortem says', r.says],
      ['Measured', safe`${r.measured} ${agreement(r)}`],
      ...(r.destroys.length > 0 ? [['At stake', r.destroys.join('; ')] as const] : []),
      ...(r.fullRecovery.missing.length > 0
        ? [['Missing for a full recovery', r.fullRecovery.missing.slice(0, 2).join('; ')] as const]
        : []),
      ...f.responderText(r).map((text) => ['As a responder', text] as const),
      ...(r.findings?.map((text) => ['Its diagnosis found', text] as const) ?? []),
    ],
  };
}

function agreement(r: RunbookSummary): Markup {
  const kind =
    r.agreement === 'as-said' ? 'good' : r.agreement === 'contradicted' || r.agreement === 'mixed' ? 'bad' : '';
  const sign = { 'as-said': '✓ ', contradicted: '✗ ', mixed: '± ', silent: '', 'no-data': '' }[r.agreement];
  return safe`<span class="badge ${kind}">${sign}${f.agreementWords[r.agreement]}</span>`;
}

function* alarmSection(summary: RunSummary, plan: Plan): Generator<Markup, void> {
  const seen = summary.detectors.some((d) => d.points.length > 0);
  const { listed, silent } = f.alarmsTold(summary.detectors);
  yield safe`<section><h2>Alerts</h2>
<p class="lead">${summary.verdict.alarm === undefined ? f.noAlarms : `${summary.verdict.alarm}.`}</p>
${
  summary.detectors.length > 0 &&
  safe`<div class="card">${entryTable(
    'Detected: of the trials in which the alert was evaluated for longer than its minimum TTD.',
    [
      numbers('Detected'),
      numbers('TTD', 'TTD'),
      numbers('Minimum TTD', 'minimum TTD'),
      prose('Not detected', 'alert'),
      prose('False alarms', 'false alarms'),
      numbers('Earlier than in the postmortem'),
    ],
    listed.map((d) => alarmEntry(d, plan)),
  )}
${silent !== undefined && safe`<p class="muted">${silent}</p>`}
${seen && safe`<div class="plot-box">`}`
}`;
  if (seen) {
    yield* stripPlot(
      listed.map((d) => ({
        name: d.id,
        result: f.ttdText(d),
        leastMs: d.leastTtdMs,
        points: d.points.map((p) => ({ title: p.trialId, mark: 'good' as const, time: p.ttd })),
      })),
      latest(summary.detectors),
      'Time to detect of every trial, by alert; the vertical tick is the minimum TTD',
    );
    yield safe`</div>`;
  }
  yield safe`${summary.detectors.length > 0 && safe`</div>`}
</section>`;
}

/** The latest instant that a plot of alerts shows, ms. */
const latest = (detectors: readonly DetectorSummary[]): number =>
  detectors.reduce((most, d) => d.points.reduce((x, p) => Math.max(x, p.ttd.hi), Math.max(most, d.leastTtdMs)), 1000);

function alarmEntry(d: DetectorSummary, plan: Plan): Entry {
  const failures = (['dead', 'missed', 'blind', 'misdiagnosed', 'noisy'] as const).filter((s) => d.counts[s] > 0);
  const stages = f.stagesText(d);
  return {
    id: d.id,
    title: d.title,
    cells: [
      safe`<span class="${d.counts.detected > 0 && d.counts.detected === (d.asked ?? d.n) ? 'good-text' : ''}">${f.detectedText(d)}</span>`,
      safe`${f.ttdText(d)}${d.ttd !== undefined && d.points.length > 1 && safe`<small>${humanDuration(d.ttd.minMs)} to ${humanDuration(d.ttd.maxMs)}</small>`}`,
      humanDuration(d.leastTtdMs),
      failures.length === 0
        ? '–'
        : failures.map(
            (s, i) =>
              safe`${i > 0 && ', '}<span class="${s === 'dead' ? 'bad-text' : ''}">${d.counts[s]} ${f.statusWords[s]}</span>`,
          ),
      f.falseAlarmsText(d),
      d.savedMs === undefined || plan.outage.undetectedMs === 0 ? '–' : span(d.savedMs),
    ],
    details: [
      ['How it looks', d.loop],
      ...(d.what === undefined ? [] : [['What it said', `“${clip(d.what, 90)}”`] as const]),
      ...(stages === undefined
        ? []
        : [['Pending, firing, notified', `${stages} (${d.points[0]?.trialId ?? ''})`] as const]),
      ...(d.trouble === undefined ? [] : [['What was wrong with it', `“${clip(d.trouble, 90)}”`] as const]),
    ],
  };
}

function trialSection(all: readonly TrialRecord[], wholeOf: WholeOf): Markup {
  const trials = drawn(all).map((t) => wholeOf(t.trialId));
  const steps = trials.reduce((n, t) => n + t.steps.length, 0);
  const limit = Math.max(120, Math.min(4000, Math.floor(outputBudget / Math.max(1, steps))));
  return safe`<section><h2>Trials</h2>
<p class="lead">Time counts from the onset. ${trials.length < all.length && `${trials.length} of ${all.length} trials are shown, unexpected ones first; all are in report.json. `}${trials.length > unfolded && 'Open a trial to see it. '}Tall blocks: failed requests; thin lines: good ones. Hollow steps only read.</p>
${trials.map((t) => trial(t, trials.length <= unfolded, limit))}
${all.some((t) => t.from === 'bands') && safe`<p class="muted">${fromBandsNote}</p>`}
</section>`;
}

/** What is drawn of very many trials, in their order: what should have recovered and did not, then the rest from the beginning. */
function drawn(trials: readonly TrialRecord[]): readonly TrialRecord[] {
  if (trials.length <= mostDrawn) return trials;
  const asExpected = (t: TrialRecord): boolean => claimAfter(t.outcome, t.claim.expect) === 'held';
  const odd = trials.filter((t) => !asExpected(t));
  const chosen = new Set([...odd, ...trials.filter(asExpected)].slice(0, mostDrawn));
  return trials.filter((t) => chosen.has(t));
}

function trial(t: WholeRecord, open: boolean, limit: number): Markup {
  const tone = toneOf(t.outcome);
  const valid = t.outcome !== 'invalid';
  const steps = t.steps.filter((s) => s.part === 'runbook' || s.part === 'inject');
  const parts = t.parts;
  return safe`<details class="trial card"${open && trusted(' open')}><summary><code>${t.trialId}</code> <span class="badge ${tone}">${outcomeLabel(t.outcome)}</span> <span class="muted">${t.reason}</span></summary>
<div class="plot-box">${timeline(t, open ? 150 : 30)}</div>
<dl class="env">
${valid && t.firstGood !== undefined && safe`<dt>First good</dt><dd>${f.timeTo(t.firstGood)}</dd>`}
${valid && t.ttr !== undefined && safe`<dt>Stable since (TTR)</dt><dd>${f.timeTo(t.ttr)}${parts !== undefined && safe` <span class="muted">= ${humanDuration(parts.waitingMs)} waiting + ${humanDuration(parts.mitigatingMs)} runbook + ${humanDuration(parts.settlingMs)} settling</span>`}</dd>`}
${valid && t.downAgain !== undefined && safe`<dt>Down again</dt><dd>${downAgainText(t.downAgain)}</dd>`}
${valid && t.watchedStableMs !== undefined && safe`<dt>Watched</dt><dd>for ${humanDuration(t.watchedStableMs)} after it was stable</dd>`}
${valid && t.onset !== undefined && safe`<dt>Downtime</dt><dd>${humanDuration(t.badnessMs)}</dd>`}
${valid && t.fullRecovery !== undefined && safe`<dt>Fully recovered</dt><dd>${f.timeTo(t.fullRecovery)}${t.fullRecoveryMissing.length > 0 && safe` <span class="muted">${t.fullRecoveryMissing.join('; ')}</span>`}</dd>`}
<dt>User load</dt><dd>${t.load.good} good, ${t.load.bad} failed, ${t.load.dropped} dropped</dd>
<dt>Data</dt><dd>${t.data === 'unknown' ? 'unknown: could not be read' : t.data.lost === 0 ? `none lost (${t.data.stores.map((s) => `${s.store}: ${s.acknowledged} acknowledged`).join(', ')})` : t.data.stores.map((s) => `${s.store}: ${s.missing} missing, ${s.altered} altered, ${s.duplicated} doubled, ${s.unexpected} unexpected of ${s.acknowledged}`).join('; ')}${t.data !== 'unknown' && t.data.rpoMs !== undefined && `; oldest ${humanDuration(t.data.rpoMs)} before the fault`}</dd>
<dt>The harness</dt><dd>event-loop delay ${t.harness.loopDelayP99Ms} ms, probe lateness ${t.harness.latenessP99Ms} ms (p99)${t.harness.stolenShare !== undefined && `, ${Math.round(t.harness.stolenShare * 100)} % of CPU time taken by the machine's host`}${t.harness.crowdedShare !== undefined && `, nodes kept waiting by other programs in ${Math.round(t.harness.crowdedShare * 100)} % of their time`}${t.harness.starved && ': starved'}; seed ${t.seed}</dd>
</dl>
${checksList(t)}${spentList(t)}
${steps.length > 0 && safe`<details><summary>Commands and their output</summary><ol class="steps">${steps.map((s) => safe`<li>${s.name} <span class="where">${s.part}, on ${s.on}, ${humanDuration(s.toMs - s.fromMs)}${s.exitCode !== undefined && `, exit ${s.exitCode}`}</span><pre>$ ${clip(s.command, Math.min(1500, limit))}${s.output !== undefined && `\n${clip(s.output.trim(), limit)}`}</pre></li>`)}</ol></details>`}
</details>`;
}

/** What the checkers found, whatever they are: what was not good by itself, and how many were. */
function checksList({ findings = [] }: WholeRecord): Markup | false {
  const other = findings.filter((c) => c.verdict !== 'good');
  return (
    findings.length > 0 &&
    safe`<details><summary>Checks: ${findings.length - other.length} of ${findings.length} good</summary><ul class="plain">${findings.map((c) => safe`<li>${c.name}: <span class="${c.verdict}">${c.verdict}</span>, ${c.says}</li>`)}</ul></details>`
  );
}

/** `30 s after that, for 1.5 s: dns; 2.0 s in all, a blip`. */
function downAgainText({ afterMs, lastedMs, totalMs, slis, relapse }: NonNullable<TrialRecord['downAgain']>): string {
  const all = totalMs > lastedMs ? `; ${humanDuration(totalMs)} in all` : '';
  return `${humanDuration(afterMs)} after that, for ${humanDuration(lastedMs)}: ${slis.join(', ')}${all}${relapse ? '' : ', a blip'}`;
}

/** Where the time to recover went, where more than one thing took it. */
function spentList(t: TrialRecord): Markup | false {
  const spent = t.outcome === 'invalid' ? undefined : timeSpent(t);
  if (spent === undefined || spent.length < 2) return false;
  const whole = spent.reduce((sum, { ms }) => sum + ms, 0);
  return safe`<h4>Where the time went</h4><ol class="spent">${spent.map(
    ({ what, ms }) =>
      safe`<li><span class="share"><i style="width:${Math.round((1000 * ms) / whole) / 10}%"></i></span><span>${humanDuration(ms)}</span><span>${what}</span></li>`,
  )}</ol>`;
}

/** The end says more than the beginning. */
function clip(text: string, most: number): string {
  return text.length <= most
    ? text
    : `${text.slice(0, Math.ceil(most / 3))} … ${text.slice(-Math.floor((most * 2) / 3))}`;
}

function runbookPages(summary: RunSummary, plan: Plan): Markup {
  return safe`<section><h2>The runbooks, step by step</h2>
${plan.runbooks.map((r) => {
  const chosen = r.id === summary.verdict.runbook;
  return safe`<details class="card"${chosen && trusted(' open')}><summary><code>${r.id}</code> ${r.title}</summary><p>${r.why}</p>${r.before !== undefined && safe`<p>Before anything breaks:</p><ol class="steps">${r.before.map((s) => safe`<li>${s.name} <span class="where">on ${s.on}</span><pre>${s.command}</pre></li>`)}</ol>`}${r.instead !== undefined && safe`<p>How the change is made:</p><ol class="steps">${r.instead.map((s) => safe`<li>${s.name} <span class="where">on ${s.on}</span><pre>${s.command}</pre></li>`)}</ol>`}${r.steps.length === 0 ? safe`<p class="muted">No steps.</p>` : safe`<ol class="steps">${r.steps.map((s) => safe`<li>${s.name} <span class="where">on ${s.on}${!s.changes && ', read-only'}</span>${s.destroys !== undefined && safe` <span class="bad-text">at stake: ${s.destroys}</span>`}<pre>${s.command}</pre></li>`)}</ol>`}</details>`;
})}</section>`;
}

function truthSection(summary: RunSummary, plan: Plan): Markup {
  const facts = Object.entries(summary.environment).sort(
    ([a], [b]) => Number(/fence/i.test(b)) - Number(/fence/i.test(a)),
  );
  return safe`<section><h2>Fidelity</h2>
<p>The fault is <strong>${plan.fidelity}</strong>.${plan.differences.length > 0 && ' Differences from the postmortem:'}</p>
<ul class="plain">${plan.differences.map((d) => safe`<li>${d}</li>`)}</ul>
<h3>Environment</h3>
<dl class="env">${facts.map(([k, v]) => safe`<dt>${k}</dt><dd>${v}</dd>`)}</dl></section>`;
}

function footer(summary: RunSummary, plan: Plan, glossaryHref: string | undefined): Markup {
  const glossary = safe`<code>docs/glossary.md</code>`;
  return safe`<footer>
<h2>Reproduce it</h2>
<pre>${f.reproduce(plan).join('\n')}</pre>
<h2>Terms</h2>
${termList()}
<p>Service is stable when no SLI that broke has an outage for ${humanDuration(summary.holdMs)}. TTR ends when that window starts. A single failed request counts as downtime, not as an outage. Every number is computed from the trials' <code>events.jsonl</code>. All terms: ${glossaryHref === undefined ? glossary : safe`<a href="${glossaryHref}">${glossary}</a>`}; exact definitions: <code>docs/measurement.md</code>.</p>
<p>Run <code>${summary.runId}</code>, seed ${summary.seed}.</p>
</footer>`;
}
