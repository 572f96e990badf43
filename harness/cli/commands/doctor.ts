import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { freeBytes } from '../../host/disk.ts';
import { exitCodes } from '../../model/errors.ts';
import { countOf } from '../../model/units.ts';
import { describeChecks, preconditions, type Check } from '../../setup/doctor.ts';
import { needOf } from '../../engine/estimate.ts';
import type { Need } from '../../setup/need.ts';
import { loadAnywhere, scenarioIds } from '../load.ts';
import { painter } from '../output.ts';
import type { CommandContext } from '../context.ts';

/** `doctor [--json]`: read-only. Exit 5 when something that a run needs is missing and firedrill cannot make it. */
export async function doctor(
  context: CommandContext,
  options: { readonly json?: boolean; readonly out: string },
): Promise<number> {
  const needs = await eachNeed();
  const checks = [
    ...(await preconditions({ needs, signal: context.signal })),
    ...(await snapshotCheck(context.signal)),
    await metricsCheck(options.out),
  ];
  const paint = painter(context.output.stdout.colour);
  context.output.result(
    options.json === true
      ? JSON.stringify(checks, null, 2)
      : describeChecks(checks)
          .map((line) =>
            line.startsWith('FAIL') ? paint('red', line) : line.startsWith('warn') ? paint('yellow', line) : line,
          )
          .join('\n'),
  );
  return checks.some((check) => check.status === 'fail') ? exitCodes.environment : exitCodes.done;
}

/** What each outage takes of the machine; one that cannot be loaded is `list`'s to tell. */
async function eachNeed(): Promise<readonly Need[]> {
  const needs = await Promise.allSettled(
    scenarioIds().map(async (id) => needOf(id, (await loadAnywhere(id)).scenario)),
  );
  return needs.flatMap((need) => (need.status === 'fulfilled' ? [need.value] : []));
}

/** What a trial's metrics take, rules having been evaluated beside it: 0.13 to 0.24 MB in `fast` (corpus/), and in `stock`, which lasts five times as long, more. */
const metricsOfTrial = 1e6;

/** What the metrics of kept trials take of the disk, and whether there is room for those of another hundred. */
export async function metricsCheck(out: string): Promise<Check> {
  const { runsIn } = await import('../../engine/runs.ts');
  const { metricsFile } = await import('../../alerts/corpus.ts');
  const files = runsIn(out).flatMap(({ path }) =>
    readdirSync(path, { recursive: true, encoding: 'utf8' })
      .filter((file) => basename(file) === metricsFile)
      .map((file) => join(path, file)),
  );
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  const taken = files.reduce((sum, file) => sum + statSync(file).size, 0);
  const there = existsSync(out) ? out : dirname(out);
  const free = await freeBytes(there);
  const detail = `${countOf(files.length, 'trial')}, ${megabytes(taken)} in ${out}; one with --rules leaves up to ${megabytes(metricsOfTrial)}`;
  const base = { id: 'metrics', title: 'Metrics of trials' };
  return free === undefined || free >= 100 * metricsOfTrial
    ? { ...base, status: 'ok', detail }
    : {
        ...base,
        status: 'warn',
        detail: `${detail}; only ${megabytes(free)} are free`,
        fix: `rm -r ${out}/<scenario>/<run>`,
      };
}

/** What the snapshots take of the disk; nothing where Docker cannot be asked, which other checks tell. */
async function snapshotCheck(signal: AbortSignal): Promise<readonly Check[]> {
  const { dockerCli } = await import('../../cluster/docker.ts');
  const { bytesOf, describedSnapshots, snapshotBound } = await import('../../cluster/snapshot/store.ts');
  try {
    const snapshots = await describedSnapshots(dockerCli(), signal);
    const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
    return [
      {
        id: 'snapshots',
        title: 'Snapshots of clusters',
        status: 'ok',
        detail: `${snapshots.length}, ${mebibytes(bytesOf(snapshots))} of at most ${mebibytes(snapshotBound)} (npm run firedrill -- clean --snapshots removes them)`,
      },
    ];
  } catch {
    signal.throwIfAborted();
    return [];
  }
}
