import { head, safe, trusted, type Markup } from '../../reporters/markup.ts';
import { graph, type GraphedTruth } from '../graph.ts';
import { style } from '../html.ts';
import type { Answer, Server } from '../server.ts';
import type { Mark } from './marks.ts';
import { markMetric, panels, type Panel } from './panels.ts';

const more = trusted(
  '<style>.series.s2{stroke:var(--gold)}.series.s3{stroke:var(--bad)}.series.s4{stroke-dasharray:6 3}.series.s5{stroke:var(--good);stroke-dasharray:6 3}.names span{display:inline-block;margin-right:1rem}.names svg{display:inline-block;width:1.6rem;height:.6rem;margin-right:.3rem}</style>',
);
const mostSeries = 6;
const points = 300;

/** A dashboard of a trial as one page, offline and without JavaScript: every panel with the marks drawn through it. */
export async function dashboardPage(
  server: Pick<Server, 'queryRange'>,
  title: string,
  truth: GraphedTruth,
  marks: readonly Mark[],
): Promise<string> {
  const stepMs = Math.max(1000, Math.ceil((truth.dataToMs - truth.dataFromMs) / points));
  const drawn: Markup[] = [];
  for (const panel of panels.filter(({ expr }) => expr !== markMetric)) {
    const answers = await server.queryRange(panel.expr, truth.dataFromMs, truth.dataToMs, stepMs);
    drawn.push(drawPanel(panel, answers, truth));
  }
  return safe`${head(title)}${style}${more}<body>
<header><p class="kicker">firedrill · dashboard</p><h1>${title}</h1></header>
<main><ul class="plain">${marks.map(({ mark, atMs }) => safe`<li>${new Date(atMs).toISOString().slice(11, 19)} UTC: ${mark}</li>`)}</ul>
${drawn}
</main><footer></footer></body></html>
`.markup;
}

function drawPanel({ title, expr, legend }: Panel, answers: readonly Answer[], truth: GraphedTruth): Markup {
  const series = answers
    .map(({ labels, points: all }) => ({
      name: legend.replace(/\{\{(\w+)\}\}/g, (_, label: string) => labels[label] ?? '').trim(),
      points: all.filter(([, value]) => Number.isFinite(value)),
    }))
    // What changes says more than what stays.
    .sort((a, b) => changes(b.points) - changes(a.points));
  const shown = series.slice(0, mostSeries);
  return safe`<section class="cell"><h3>${title}</h3><p class="muted"><code>${expr}</code></p>
${
  shown.length === 0
    ? safe`<p class="muted">No such series.</p>`
    : safe`${graph({ drawn: { expr, series: shown, more: 0 }, spans: [] }, truth)}<p class="names">${shown.map(({ name }, i) => safe`<span><svg viewBox="0 0 16 6" preserveAspectRatio="none"><path class="series s${i}" d="M0 3H16"/></svg>${name}</span>`)}${series.length > shown.length && safe`<span class="muted">and ${series.length - shown.length} more</span>`}</p>`
}</section>`;
}

const changes = (all: readonly (readonly [number, number])[]): number =>
  all.filter(([, value], i) => i > 0 && value !== all[i - 1]?.[1]).length;
