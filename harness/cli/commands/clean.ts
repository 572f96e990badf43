import { exitCodes } from '../../model/errors.ts';
import { clean as reap, type CleanReport } from '../../registry/reaper.ts';
import type { CommandContext } from '../context.ts';

/**
 * `clean [--dry-run] [--kept] [--snapshots] [--images] [--json]`: removes what dead runs left behind; when told, also the
 * snapshots, and what was built from recipes that have changed since. Exit 5 when something could not be removed; with `--dry-run`
 * it removes nothing and exits 1 when there is something, so that a script can ask.
 */
export async function clean(
  context: CommandContext,
  options: {
    readonly dryRun?: boolean;
    readonly kept?: boolean;
    readonly snapshots?: boolean;
    readonly images?: boolean;
    readonly json?: boolean;
  },
): Promise<number> {
  const { dockerProvider } = await import('../../cluster/docker-provider.ts');
  const { removeSnapshots } = await import('../../cluster/snapshot/store.ts');
  const { dockerCli } = await import('../../cluster/docker.ts');
  const dryRun = options.dryRun ?? false;
  const report = await reap({
    provider: dockerProvider(),
    dryRun,
    kept: options.kept ?? false,
    signal: context.signal,
  });
  const snapshots =
    options.snapshots === true && !dryRun ? await removeSnapshots(dockerCli(), context.signal) : undefined;
  const { findStale, removeStale } = await import('../../images/prune.ts');
  const stale = options.images === true ? await findStale({}, context.signal) : undefined;
  if (stale !== undefined && !dryRun) await removeStale(stale, {}, context.signal);
  const old = stale === undefined ? [] : [...stale.images, ...stale.artifacts];
  context.output.result(
    options.json === true
      ? JSON.stringify({ ...report, ...(snapshots === undefined ? {} : { snapshots }), ...stale }, null, 2)
      : [
          describeClean(report, dryRun),
          ...(snapshots === undefined ? [] : [`removed ${snapshots} snapshots`]),
          ...old.map((name) => `${dryRun ? 'would remove' : 'removed'} ${name} (built from an older recipe)`),
        ].join('\n'),
  );
  if (report.failed.length > 0) return exitCodes.environment;
  return dryRun && report.removed.length + old.length > 0 ? exitCodes.notRecovered : exitCodes.done;
}

/** What `clean` says. */
export function describeClean(report: CleanReport, dryRun: boolean): string {
  const lines = [
    ...report.removed.map(
      ({ kind, name, runId }) => `${dryRun ? 'would remove' : 'removed'} ${kind} ${name} (run ${runId})`,
    ),
    ...report.failed.map(({ kind, name, runId, why }) => `could not remove ${kind} ${name} (run ${runId}): ${why}`),
    ...report.alive.map(
      ({ runId, pid, scenario }) => `left alone: run ${runId} (${scenario}) is alive as process ${pid}`,
    ),
    ...report.kept.map(
      ({ name, runId }) =>
        `left alone: cluster ${name} was kept (run ${runId}); remove it too: npm run firedrill -- clean --kept`,
    ),
    ...report.unknown.map(
      ({ kind, name }) =>
        `left alone: ${kind} ${name} belongs to no run known here (another FIREDRILL_STATE, or its record is lost)`,
    ),
    ...report.damaged.map((path) => `left alone: ${path} cannot be read`),
  ];
  if (report.removed.length + report.failed.length === 0) lines.push('nothing to clean up');
  return lines.join('\n');
}
