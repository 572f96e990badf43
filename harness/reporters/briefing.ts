import { impressionBelow, standings, type Briefing, type BriefOutage, type Standing } from '../analysis/briefing.ts';
import type { Overview, OverviewRunbook } from '../analysis/overview.ts';
import { list, span } from '../analysis/words.ts';
import { countOf, humanDuration } from '../model/units.ts';
import * as f from './format.ts';
import { head, safe, type Markup, type Value } from './markup.ts';
import { rangeText } from './overview.ts';

const headings: Readonly<
  Record<Standing, { readonly title: string; readonly tone: 'good' | 'bad' | ''; readonly mark: string }>
> = {
  'by-itself': { title: 'Ends by itself', tone: 'good', mark: '✓' },
  works: { title: 'A runbook ends it', tone: 'good', mark: '✓' },
  'at-a-price': { title: 'A runbook ends it, but not in full', tone: '', mark: '~' },
  sometimes: { title: 'No runbook ended it every time without harm', tone: 'bad', mark: '✗' },
  nothing: { title: 'No runbook ended it', tone: 'bad', mark: '✗' },
  'no-data': { title: 'Nothing is known', tone: '', mark: '?' },
};

/**
 * What was rehearsed, what works, what does not and how sure that is, in sentences: one HTML page, offline, without JavaScript. Pure.
 * @param linkTo where a run's own report is, as the page's links shall have it
 */
export function briefingPage(briefing: Briefing, linkTo: (runId: string) => string): string {
  const { outages, runs, trials, fromEpochMs, toEpochMs } = briefing;
  const inHand = outages.filter(({ standing }) => standing === 'works' || standing === 'by-itself').length;
  const objectives = outages.flatMap(({ objective }) => objective ?? []);
  const met = objectives.filter(({ verdict }) => verdict === 'met').length;
  const when = [fromEpochMs, toEpochMs].map((ms) => new Date(ms).toISOString().slice(0, 10));
  const count = (standing: Standing) => outages.filter((one) => one.standing === standing).length;
  return safe`${head('What we rehearsed · firedrill')}<body>
<header><p class="kicker">firedrill · ${[...new Set(when)].join(' to ')}</p></header>
<main>
<section class="verdict ${inHand === outages.length ? 'use' : inHand === 0 ? 'none' : 'candidates'}">
<p class="kicker">What we rehearsed</p>
<h1>${inHand === outages.length ? 'In every outage' : `In ${inHand} of ${countOf(outages.length, 'outage')}`} something worked every time</h1>
<p>${countOf(outages.length, 'outage')}, broken for real on a test cluster and repaired by runbook ${countOf(trials, 'time')}, in ${countOf(runs, 'run')}.
${
  objectives.length > 0 && safe`<strong>${met} of ${countOf(objectives.length, 'recovery objective')} met.</strong>`
}</p>
<ul class="legend counts">${standings
    .filter((standing) => count(standing) > 0)
    .map((standing) => safe`<li>${badge(standing)} ${String(count(standing))}</li>`)}</ul>
<p class="sure"><strong>How sure:</strong> ${overallSureness(briefing)}</p>
</section>
${standings.map((standing) => group(standing, outages, linkTo))}
</main>
<footer><p>A test cluster is not production: compare runbooks by these times, and do not promise the times themselves. A runbook counts as working only if it worked in every trial. “Could still fail” is the largest failure rate that the trials leave possible (95 %).</p></footer>
</body>
</html>
`.markup;
}

const badge = (standing: Standing): Markup =>
  safe`<span class="badge ${headings[standing].tone}">${headings[standing].mark} ${headings[standing].title}</span>`;

function overallSureness({ outages }: Briefing): string {
  const known = outages.flatMap(({ sure }) => sure ?? []);
  if (known.length === 0) return 'Nothing worked every time, so there is nothing to be sure of.';
  const few = known.filter(({ trials }) => trials < impressionBelow).length;
  const shortened = outages.some(({ outage }) => outage.profile === 'fast');
  return [
    few === 0
      ? `Every answer rests on ${impressionBelow} trials or more.`
      : `${few} of ${known.length} answers rest on fewer than ${impressionBelow} trials of one run and are first impressions.`,
    ...(shortened
      ? ['Some of Kubernetes’ timers were shortened (profile fast): in production, things take longer.']
      : []),
  ].join(' ');
}

function group(standing: Standing, all: readonly BriefOutage[], linkTo: (runId: string) => string): Markup | false {
  const outages = all.filter((one) => one.standing === standing);
  return (
    outages.length > 0 &&
    safe`<section><h2>${headings[standing].title}</h2><ul class="runs card">${outages.map((one) => item(one, linkTo))}</ul></section>`
  );
}

function item(one: BriefOutage, linkTo: (runId: string) => string): Markup {
  const { outage, objective } = one;
  const latest = outage.runs.at(-1);
  return safe`<li><strong>${outage.outage.title}</strong>${onWhat(outage)}
<p>${answer(one)} ${noticed(one)}</p>
${avoid(one)}
${objective !== undefined && safe`<p><span class="badge ${objective.verdict === 'met' ? 'good' : objective.verdict === 'not met' ? 'bad' : ''}">objective ${objective.verdict}</span> ${objective.says}.</p>`}
<small>${sureness(one)} ${latest !== undefined && safe`<a href="${linkTo(latest.runId)}">The report</a>`}</small></li>`;
}

const onWhat = ({ distribution, scenario }: Overview): Markup =>
  safe` <span class="muted"><code>${scenario}</code>${distribution !== undefined && ` on ${distribution}`}</span>`;

const names = (runbooks: readonly OverviewRunbook[]): Markup => {
  const [first, ...rest] = runbooks;
  return safe`<code>${first?.id}</code>${rest.map(({ id }, i) => safe`${i === rest.length - 1 ? ' and ' : ', '}<code>${id}</code>`)}`;
};

function answer({ standing, best, others, outage }: BriefOutage): Value {
  const there =
    outage.outage.recoveryMs === 0 ? '' : ` In the postmortem recovery took ${span(outage.outage.recoveryMs)}.`;
  if (best === undefined)
    return standing === 'no-data' ? 'No trial gave a valid result.' : `Nothing that was tried ended it.${there}`;
  const down = `Users were without service for about ${humanDuration(best.badnessMs)}.${there}`;
  if (standing === 'by-itself') return `It ended without anybody doing anything, every time. ${down}`;
  const also = others.length > 0 && safe` So did ${names(others)}.`;
  if (standing === 'works') return safe`${names([best])} ended it every time.${also} ${down}`;
  if (standing === 'at-a-price')
    return safe`${names([best])} brought service back every time, but ${best.fault === 'unread' ? 'the data could never be read back' : 'something stayed broken'}.${also} ${down}`;
  return safe`${names([best])} came nearest: ${f.ofText(best.k, best.n)}.${there}`;
}

function noticed({ alarm, outage }: BriefOutage): Value {
  if (outage.alarms.length === 0) return false;
  if (alarm === undefined) return 'No alert noticed it.';
  const often = alarm.detected === alarm.n ? 'every time' : `in ${f.ofText(alarm.detected, alarm.n)}`;
  return safe`The alert <code>${alarm.id}</code> noticed it ${often}, after ${rangeText(alarm.ttd)}.`;
}

/** Worst first: a runbook that does harm is more dangerous than one that does nothing. */
function avoid({ harmful, useless }: BriefOutage): Value {
  const tried = useless.filter(({ passive }) => !passive);
  return [
    harmful.length > 0 &&
      safe`<p class="bad-text">${harmful.map((r) => safe`Avoid <code>${r.id}</code>: ${harmOf(r)}. `)}</p>`,
    useless.length > 0 &&
      safe`<p class="muted">${tried.length > 0 && safe`Did not end it every time: ${names(tried)}. `}${tried.length < useless.length && 'It does not end by itself.'}</p>`,
  ];
}

function harmOf({ lost, outcomes }: OverviewRunbook): string {
  const harmed = outcomes.harmed ?? 0;
  const relapsed = outcomes.relapsed ?? 0;
  const said = [
    ...(lost > 0 ? [`it lost ${countOf(lost, 'row')}`] : []),
    ...(harmed > 0 ? [`it harmed other things in ${countOf(harmed, 'trial')}`] : []),
    ...(relapsed > 0 ? [`service failed again in ${countOf(relapsed, 'trial')}`] : []),
  ];
  return said.length === 0 ? 'it lost data' : list(said);
}

function sureness({ sure, outage }: BriefOutage): string {
  if (sure === undefined) return `${countOf(outage.trials.valid, 'valid trial')}.`;
  const often = sure.trials === 1 ? 'Tried once' : `Worked ${sure.trials} times of ${sure.trials} in one run`;
  return `${sure.trials < impressionBelow ? 'A first impression. ' : ''}${often}: it could still fail in up to ${Math.round(sure.mayFail * 100)} of 100 cases.`;
}
