import type { Plan } from '../model/plan.ts';
import { countOf } from '../model/units.ts';
import * as f from './format.ts';
import { head, safe, type Markup } from './markup.ts';

/** A run of this machine as a page of many lists it. */
export interface ListedRun {
  readonly plan: Pick<Plan, 'runId' | 'scenario' | 'createdEpochMs' | 'profile' | 'distribution' | 'trials' | 'outage'>;
  /** Absent where there is none yet: a run that is under way, or was cut off. */
  readonly report?: { readonly href: string; readonly headline: string };
}

/** All runs of a folder by outage, newest first, each with a link to its report. Pure: the same runs give the same bytes. */
export function indexPage(runs: readonly ListedRun[]): Markup {
  const newest = [...runs].sort(
    (a, b) => b.plan.createdEpochMs - a.plan.createdEpochMs || (a.plan.runId < b.plan.runId ? -1 : 1),
  );
  const outages = [...new Set(newest.map(({ plan }) => plan.scenario))].map((scenario) =>
    newest.filter(({ plan }) => plan.scenario === scenario),
  );
  return safe`${head('Runs · firedrill')}<body>
<header><p class="kicker">firedrill</p><h1>Runs on this machine</h1>
<p class="lead">${countOf(runs.length, 'run')} of ${countOf(outages.length, 'outage')}, newest first.</p></header>
<main>
${outages.map((of) => outage(of))}
</main>
</body>
</html>
`;
}

function outage(runs: readonly ListedRun[]): Markup {
  const plan = runs[0]?.plan;
  return safe`<section><h2><code>${plan?.scenario}</code></h2>
<p class="lead">${plan?.outage.title}</p>
<ul class="runs card">${runs.map(
    ({ plan: { createdEpochMs, trials, profile, distribution, runId }, report }) =>
      safe`<li>${report === undefined ? safe`<span class="muted">No report yet</span>` : safe`<a href="${report.href}">${report.headline}</a>`}
<small>${f.utc(createdEpochMs)} · ${countOf(trials.length, 'trial')} planned · ${distribution === undefined ? '' : `${distribution} · `}profile ${profile} · <code>${runId}</code></small></li>`,
  )}</ul></section>
`;
}
