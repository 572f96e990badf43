import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { metricsFile, readCorpus, spanOfBlocks, unpack } from '../../alerts/corpus.ts';
import { grafanaDashboard, prometheusPage, provisioning } from '../../alerts/dashboard/grafana.ts';
import { marksOf, seriesOfMarks } from '../../alerts/dashboard/marks.ts';
import { dashboardPage } from '../../alerts/dashboard/page.ts';
import { startServer } from '../../alerts/server.ts';
import { ensureTools } from '../../alerts/tools.ts';
import type { Truth } from '../../alerts/truth.ts';
import { exitCodes, FiredrillError } from '../../model/errors.ts';
import type { ProgressEvent } from '../../model/progress.ts';
import type { CommandContext } from '../context.ts';
import { trialsWithMetrics } from '../kept-metrics.ts';

/** What a dashboard is of. */
interface Shown {
  readonly name: string;
  readonly archive: string;
  readonly truth: Parameters<typeof marksOf>[0] &
    Pick<Truth, 'title' | 'healthy' | 'endMs' | 'scrapeMs' | 'lookbackMs'>;
}

/**
 * `dashboard <run>`: a trial's metrics with the marks of its outage, in a Prometheus on loopback, until Ctrl-C. Nothing of it is left behind. With `html`
 * the graphs are written as a page instead. `json` is a dashboard for one's own Grafana, `grafana` a folder by which a Grafana on this machine
 * begins with it and this Prometheus.
 */
export async function dashboard(
  context: CommandContext,
  name: string,
  flags: { readonly out: string; readonly html?: string; readonly json?: string; readonly grafana?: string },
): Promise<number> {
  const { output, signal } = context;
  const shown = await shownOf(name, flags.out);
  const title = `${shown.truth.title} (${shown.name})`;
  const tell = (event: ProgressEvent): void => {
    if (event.type === 'setup' && event.state === 'started') output.tell(`Prometheus: ${event.detail ?? ''}`);
  };
  const tools = await ensureTools({ env: context.env }, tell, signal);
  await using unpacked = await unpack(shown.archive, signal);
  const span = spanOfBlocks(unpacked.data);
  if (span === undefined)
    throw new FiredrillError('usage', `${shown.archive} has no blocks of a Prometheus data directory at its top`, {
      hint: 'promtool tsdb list <data directory>',
    });
  const truth = { ...shown.truth, dataFromMs: span.fromMs, dataToMs: span.toMs };
  const marks = marksOf(truth);
  const board = `${JSON.stringify(grafanaDashboard(title, 'firedrill', span), null, 2)}\n`;
  if (flags.json !== undefined) await writeFile(flags.json, board);
  const server = await startServer(tools.prometheus, unpacked.data, { lookbackMs: truth.lookbackMs }, signal);
  try {
    await server.write(seriesOfMarks(marks, truth.scrapeMs));
    if (flags.html !== undefined) {
      await writeFile(flags.html, await dashboardPage(server, title, truth, marks));
      output.result(flags.html);
      return exitCodes.done;
    }
    output.result([title, ...marks.map(({ mark, atMs }) => `  ${timeOf(atMs)} ${mark}`)].join('\n'));
    output.result((await hasPage(server.url)) ? `Graphs: ${prometheusPage(server.url, span)}` : noPage(server.url));
    if (flags.grafana !== undefined) {
      const folder = resolve(flags.grafana);
      const files = { ...provisioning(server.url, folder), 'firedrill.json': board };
      for (const [file, text] of Object.entries(files)) {
        await mkdir(dirname(join(folder, file)), { recursive: true });
        await writeFile(join(folder, file), text);
      }
      output.result(`Grafana: GF_PATHS_PROVISIONING=${folder} grafana server`);
    }
    output.tell('Ctrl-C ends it.');
    if (!signal.aborted) await once(signal, 'abort');
    return exitCodes.done;
  } finally {
    await server.stop();
  }
}

const timeOf = (atMs: number): string => new Date(atMs).toISOString().slice(11, 19);

/** Whether this build of Prometheus shows pages: one that was compiled without its web assets, or unpacked without Debian's, answers queries alone. */
const hasPage = async (url: string): Promise<boolean> => {
  const answer = await fetch(`${url}/graph`);
  return answer.ok && (await answer.text()).includes('<script');
};

const noPage = (url: string): string =>
  `Prometheus: ${url} answers queries; this build has no pages of its own: use --html, or name another by FIREDRILL_PROMETHEUS`;

/** A kept outage's folder, a trial's, or a run: of that the first trial with metrics. */
async function shownOf(name: string, out: string): Promise<Shown> {
  const path = resolve(name);
  if (existsSync(join(path, 'truth.json'))) {
    const { trials, damaged } = await readCorpus([dirname(path)]);
    const kept = trials.find((one) => resolve(one.dir) === path);
    if (kept !== undefined) return { name: basename(path), archive: join(path, metricsFile), truth: kept.truth };
    throw new FiredrillError(
      'usage',
      `${name} is damaged: ${damaged.find((one) => one.name === basename(path))?.why ?? ''}`,
      {
        hint: 'npm run firedrill -- alerts corpus add <run>',
      },
    );
  }
  const { runDir, trials } = await trialsWithMetrics(name, out);
  const [first] = trials;
  if (first === undefined)
    throw new FiredrillError('usage', `${runDir} has no metrics: no rules were evaluated beside its trials`, {
      hint: 'npm run scenario <scenario> -- --rules stock',
    });
  return { name: first.record.trialId, archive: first.archive, truth: first.truth };
}
