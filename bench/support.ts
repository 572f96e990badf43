import { setMaxListeners } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { linesOf, type Docker } from '../harness/cluster/docker.ts';
import type { ClusterBase } from '../harness/cluster/provide.ts';
import type { RunningCluster } from '../harness/cluster/provider.ts';
import { startClock } from '../harness/engine/clock.ts';
import { ensureImages } from '../harness/images/ensure.ts';
import type { DistributionName } from '../harness/model/distribution.ts';
import { profiles } from '../harness/model/profile.ts';
import { startSampling } from '../harness/sampling/sampler.ts';
import { cacheDir } from '../harness/host/folders.ts';
import { ensureDocker } from '../harness/setup/docker.ts';
import { ensureKind, ensureKubectl } from '../harness/setup/kind.ts';
import { kubeadm } from '../harness/distributions/kubeadm.ts';
import cniWipe from '../scenarios/cni-wipe.ts';

const scenario = cniWipe(kubeadm);

/**
 * Aborts when this process is told to end, however often: a listener that is gone after the first time would let whoever also listens end the
 * process in the middle of its cleaning up. Everything of a cluster listens to it: that is no leak.
 */
export function untilTold(): AbortSignal {
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      stop.abort(new Error('interrupted'));
    });
  }
  return stop.signal;
}

/** Says what is being done, on stderr: stdout is for the table. */
export const say = (text: string): void => {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
};

/**
 * Everything of a cluster of `cni-wipe` in the fast profile but its name; prepares the machine like a run does.
 * @param mode how the node image is had: `strict` is one like upstream's
 * @param distribution what the nodes run
 */
export async function clusterBase(
  runId: string,
  signal: AbortSignal,
  mode: 'auto' | 'strict' = 'auto',
  distribution: DistributionName = 'kubeadm',
): Promise<ClusterBase> {
  const quiet = (): void => undefined;
  await ensureDocker({}, quiet, signal);
  const images = await ensureImages({ mode, distribution }, quiet, signal);
  return {
    runId,
    distribution,
    nodeImage: images.node,
    workers: scenario.cluster.workers,
    workloadDir: fileURLToPath(new URL(`../manifests/${scenario.cluster.workload}`, import.meta.url)),
    profile: profiles.fast,
    kindBinary: await ensureKind({}, quiet, signal),
    kubectlBinary: await ensureKubectl(images.node, { distribution }, quiet, signal),
    cacheDir: cacheDir(),
  };
}

/** A folder that goes when `work` is done. */
export async function inFolder<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'firedrill-bench-'));
  try {
    return await work(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/**
 * Probes a cluster until every SLI of the scenario has been good for the profile's stability window; returns how long after now that
 * window began, in seconds: the probes' own time to connect is part of it.
 */
export async function secondsToSteady(cluster: RunningCluster, signal: AbortSignal): Promise<number> {
  const clock = startClock();
  const seen = new Map<string, number>(scenario.probes.map((probe) => [probe.sli, 0]));
  let goodSince = 0;
  const { steadyHoldMs, steadyDeadlineMs } = profiles.fast;
  const sampling = await startSampling({
    scenario,
    cluster,
    containers: [],
    clock,
    onSample: ({ sli, ok, intendedMs }) => {
      seen.set(sli, (seen.get(sli) ?? 0) + 1);
      if (!ok) goodSince = Math.max(goodSince, intendedMs);
    },
    onHealth: () => undefined,
    signal,
  });
  try {
    for (;;) {
      await clock.sleep(100, signal);
      const now = clock.now();
      const all = [...seen.values()].every((samples) => samples >= 2);
      if (all && now - goodSince >= steadyHoldMs) return goodSince / 1000;
      if (now > steadyDeadlineMs) throw new Error(`not steady within ${steadyDeadlineMs / 1000} s`);
    }
  } finally {
    await sampling.stop();
  }
}

const units: Readonly<Record<string, number>> = { B: 1 / 2 ** 20, KiB: 1 / 1024, MiB: 1, GiB: 1024 };

/** Memory of containers, MiB, without the page cache that the kernel may take back. */
export async function memoryOf(docker: Docker, names: readonly string[], signal?: AbortSignal): Promise<number> {
  const args = ['stats', '--no-stream', '--format', '{{.MemUsage}}', ...names];
  return linesOf(await docker(args, signal ? { signal } : {})).reduce((sum, line) => {
    const [, number = '', unit = ''] = /^([\d.]+)(\w+)/.exec(line) ?? [];
    return sum + Number(number) * (units[unit] ?? Number.NaN);
  }, 0);
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[half] ?? Number.NaN) : ((sorted[half - 1] ?? 0) + (sorted[half] ?? 0)) / 2;
};

/** Rows as a table of equal columns. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const results = fileURLToPath(new URL('results', import.meta.url));

/**
 * Keeps what a benchmark found as `bench/results/<name>.json`, with the machine that it was found on: the last result of each, whose
 * history is git's. Ratios may be set beside those of another machine, seconds may not.
 */
export async function keep(name: string, found: object): Promise<void> {
  const machine = {
    cpus: cpus().length,
    model: cpus()[0]?.model ?? '',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
  };
  const text = JSON.stringify({ bench: name, date: new Date().toISOString().slice(0, 10), machine, ...found }, null, 1);
  await mkdir(results, { recursive: true });
  await writeFile(join(results, `${name}.json`), `${text}\n`);
  say(`kept as bench/results/${name}.json`);
}
