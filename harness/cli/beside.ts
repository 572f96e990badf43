import { join } from 'node:path';
import { compareBetween } from '../analysis/comparison-runs.ts';
import { FiredrillError } from '../model/errors.ts';
import type { Run } from '../model/run.ts';
import { turns } from '../engine/turns.ts';
import { writeWhole } from '../engine/write-whole.ts';
import { runIdOf } from '../model/plan.ts';
import type { OnProgress } from '../model/progress.ts';
import { comparisonMarkdown } from '../reporters/comparison-markdown.ts';
import { comparisonTerminal } from '../reporters/comparison-terminal.ts';
import type { CommandContext } from './context.ts';
import { terminalOptions } from './output.ts';
import type { Part, RunPart } from './series.ts';
import { readRun, reportJson, tableOf } from './stored.ts';
import { worst } from './worst.ts';

/**
 * One outage on several distributions, a run for each, their trials in the same blocks; then each run's table and, runbook by runbook, the first run
 * beside each other one. That comparison is also written into the first run's folder.
 * @returns the worst of the runs' exit codes
 */
export async function rehearseBeside(
  { output }: Pick<CommandContext, 'output'>,
  how: {
    /** The same scenario, on one distribution each. */
    readonly parts: readonly Part[];
    readonly blocks: number;
    /** Each run's own: its id comes of it. */
    readonly seedOf: (part: Part) => number;
    readonly run: RunPart;
    readonly onProgress: OnProgress;
    readonly timeoutMs?: number;
  },
  asJson: boolean,
): Promise<number> {
  const { parts, blocks, run, timeoutMs } = how;
  const createdEpochMs = Date.now();
  const seeds = parts.map(how.seedOf);
  const ids = seeds.map((seed) => runIdOf(createdEpochMs, seed));
  const shared = turns(ids, blocks, seeds[0] ?? 0);
  const settled = await Promise.allSettled(
    parts.map((part, i) => {
      const who = ids[i] ?? '';
      return run(part, {
        shared: { who, turns: shared, runs: ids.filter((id) => id !== who), createdEpochMs },
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
        onProgress: namedAfter(part.distribution, how.onProgress),
      });
    }),
  );
  const failed = settled.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  const results = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const runs: Run[] = [];
  for (const { runDir } of results) {
    const stored = await readRun(runDir);
    runs.push(stored);
    if (!asJson) output.result(await tableOf(stored, output));
  }
  if (asJson)
    output.result(
      JSON.stringify(
        results.map(({ runDir }) => reportJson(runDir)),
        null,
        2,
      ),
    );
  const [first, ...others] = runs;
  if (first === undefined) throw new FiredrillError('internal', 'no distribution was asked for');
  for (const other of others) {
    const compared = compareBetween(first, other, { what: 'runbooks' });
    const file = join(results[0]?.runDir ?? '', `beside-${other.plan.distribution ?? 'kubeadm'}.md`);
    writeWhole(file, comparisonMarkdown(compared));
    if (!asJson) output.result(`${comparisonTerminal(compared, terminalOptions(output)).trimEnd()}\n\nAlso in ${file}`);
  }
  return worst(results.map(({ exitCode }) => exitCode));
}

/** Progress of one of several runs: a trial is told with what its nodes run. */
const namedAfter =
  (distribution: string, onProgress: OnProgress): OnProgress =>
  (event) => {
    onProgress(
      event.type === 'trial' || event.type === 'outcome'
        ? { ...event, runbook: `${event.runbook} on ${distribution}` }
        : event,
    );
  };
