import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, resolve } from 'node:path';
import { FiredrillError, oneLine } from '../model/errors.ts';
import type { Leftover, Leftovers } from '../model/leftover.ts';
import {
  forget,
  readRuns,
  settle,
  type KeptCluster,
  type RegisteredRun,
  type Resource,
  type ResourceKind,
} from './registry.ts';
import { stateDir } from '../host/folders.ts';

/** What `clean` did or, as a dry run, would do. */
export interface CleanReport {
  readonly removed: readonly { readonly kind: ResourceKind; readonly name: string; readonly runId: string }[];
  readonly failed: readonly {
    readonly kind: ResourceKind;
    readonly name: string;
    readonly runId: string;
    readonly why: string;
  }[];
  /** Left alone because their run is alive. */
  readonly alive: readonly { readonly runId: string; readonly pid: number; readonly scenario: string }[];
  /** Left alone because somebody asked to keep them. */
  readonly kept: readonly { readonly name: string; readonly runId: string }[];
  /** Firedrill's, but of no run in this registry (another state folder, or its record is lost): left alone. */
  readonly unknown: readonly { readonly kind: ResourceKind; readonly name: string }[];
  readonly damaged: readonly string[];
}

/** Networks cannot go before what is attached to them; a cluster takes its nodes along. */
const order: readonly ResourceKind[] = ['cluster', 'container', 'volume', 'network', 'fence', 'dir'];

/**
 * Removes what dead runs left behind, and nothing else: a thing belongs to a dead run when its label or its name leads to
 * a run in the registry and that run's process is gone (pid and start time). One that cannot be removed does not stop the others.
 */
export async function clean(options: {
  readonly provider: Leftovers;
  readonly dryRun: boolean;
  /** Also clusters that were kept on purpose. */
  readonly kept: boolean;
  readonly signal: AbortSignal;
  readonly state?: string;
}): Promise<CleanReport> {
  const { provider, dryRun, signal, state = stateDir() } = options;
  const found = await provider.list(signal);
  const { runs, damaged } = readRuns(state);
  const byId = new Map(runs.map((run) => [run.runId, run]));
  const spared = (run: RegisteredRun, resource: Resource) =>
    run.alive || (!options.kept && run.kept.some((cluster) => belongsTo(cluster, resource)));

  const targets: { readonly resource: Resource; readonly runId: string; readonly leftover: Leftover | undefined }[] =
    [];
  const unknown: { kind: ResourceKind; name: string }[] = [];
  const seen = new Set<string>();
  for (const leftover of found) {
    const run =
      leftover.runId === undefined
        ? runs.find((r) => r.resources.some((x) => x.kind === leftover.kind && x.name === leftover.name))
        : byId.get(leftover.runId);
    // Without a record nobody can say that its run is dead: it may be alive under another state folder.
    if (run === undefined) {
      unknown.push({ kind: leftover.kind, name: leftover.name });
      continue;
    }
    const { runId } = run;
    seen.add(`${leftover.kind}:${leftover.name}`);
    if (spared(run, leftover)) continue;
    targets.push({ resource: { kind: leftover.kind, name: leftover.name }, runId, leftover });
  }
  const dead = runs.filter((run) => !run.alive);
  for (const run of dead) {
    for (const resource of run.resources) {
      if (spared(run, resource)) continue;
      if (resource.kind === 'dir') {
        targets.push({ resource, runId: run.runId, leftover: undefined });
      } else if (!seen.has(`${resource.kind}:${resource.name}`) && !dryRun) {
        // Written down but not there: it was never created, or went with its cluster.
        settle(run.runId, resource, state);
      }
    }
  }
  targets.sort((a, b) => order.indexOf(a.resource.kind) - order.indexOf(b.resource.kind));

  const removed: { kind: ResourceKind; name: string; runId: string }[] = [];
  const failed: { kind: ResourceKind; name: string; runId: string; why: string }[] = [];
  for (const { resource, runId, leftover } of targets) {
    const entry = { kind: resource.kind, name: resource.name, runId };
    if (!dryRun) {
      try {
        if (leftover !== undefined) await provider.delete(leftover, signal);
        else removeDir(resource.name, state);
        settle(runId, resource, state);
      } catch (error) {
        failed.push({ ...entry, why: oneLine(error) });
        continue;
      }
    }
    removed.push(entry);
  }
  if (!dryRun) {
    for (const run of dead) {
      const kept = run.kept.length > 0 && !options.kept;
      if (!kept && !failed.some((entry) => entry.runId === run.runId)) forget(run.runId, state);
    }
  }
  return {
    removed,
    failed,
    alive: runs
      .filter((run) => run.alive)
      .map((run) => ({ runId: run.runId, pid: run.owner.pid, scenario: run.scenario })),
    kept: runs
      .filter((run) => !run.alive && !options.kept)
      .flatMap((run) => run.kept.map((cluster) => ({ name: cluster.name, runId: run.runId }))),
    unknown,
    damaged,
  };
}

/** The cluster's network, fence and nodes carry its name; its kubeconfig lies in one of the run's folders. */
function belongsTo(cluster: KeptCluster, resource: Resource): boolean {
  return resource.kind === 'dir'
    ? cluster.kubeconfig.startsWith(`${resource.name}/`)
    : resource.name === cluster.name || resource.name.startsWith(`${cluster.name}-`);
}

/**
 * Removes a folder that a run wrote down. Only ever one that is firedrill's by its place: under the state folder, or a
 * `firedrill-…` folder directly in the temporary folder. A damaged registry must not be able to name `/home`.
 */
function removeDir(path: string, state: string): void {
  const full = resolve(path);
  const inTemp = dirname(full) === resolve(tmpdir()) && basename(full).startsWith('firedrill-');
  const inState = full.startsWith(`${resolve(state)}/`) && full.length > resolve(state).length + 1;
  if (!inTemp && !inState) throw new FiredrillError('internal', `${full} is not a folder of firedrill's`);
  rmSync(full, { recursive: true, force: true });
}
