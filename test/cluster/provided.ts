import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dockerProvider } from '../../harness/cluster/docker-provider.ts';
import type { RunningCluster } from '../../harness/cluster/provider.ts';
import type { ClusterSpec } from '../../harness/cluster/spec.ts';
import { ensureImages } from '../../harness/images/ensure.ts';
import type { ImageSet } from '../../harness/images/image-set.ts';
import type { ImageId } from '../../harness/images/refs.ts';
import { profiles } from '../../harness/model/profile.ts';
import { registerRun } from '../../harness/registry/registry.ts';
import { ensureKind, ensureKubectl } from '../../harness/setup/kind.ts';

/** Set to run the suite where there is no Docker: these tests are then skipped, and say so. */
export const noCluster = process.env['FIREDRILL_NO_CLUSTER'] !== undefined;
if (noCluster) console.warn('FIREDRILL_NO_CLUSTER is set: tests on real clusters are skipped');

/**
 * Set to run also what takes minutes and has a counterpart: a cure that something undoes (harness/engine/trial.test.ts), what a responder can see of the
 * scenario (test/contract/leaks.test.ts), and a trial on nodes like upstream's, which differ in their image. The whole suite has to be done within the hour on
 * two cores.
 */
export const longToo = process.env['FIREDRILL_LONG'] !== undefined && !noCluster;
if (!longToo && !noCluster) console.warn('FIREDRILL_LONG is not set: the longest tests on real clusters are skipped');

const ignore = (): void => undefined;

/**
 * Writes a test's cluster down before it is made, as a run does with its own: when the tests are killed, `clean` finds it.
 * @returns to be called when it is gone
 */
export function intendCluster(name: string, workDir: string): () => void {
  const registration = registerRun({ runId: name, scenario: 'test', runDir: workDir });
  const resources = [
    { kind: 'dir', name: workDir },
    { kind: 'network', name },
    { kind: 'fence', name },
    { kind: 'cluster', name },
  ] as const;
  for (const resource of resources) registration.intend(resource);
  return () => {
    for (const resource of resources) registration.released(resource);
    registration.end();
  };
}

/** A real cluster for one test file, under a name of its own; `remove` takes down everything that carries that name. */
export async function provide(
  spec: Pick<ClusterSpec, 'workloadDir' | 'workers'>,
  optional: readonly ImageId[] = [],
): Promise<{
  readonly cluster: RunningCluster;
  readonly nodeImage: string;
  readonly images: ImageSet;
  readonly remove: () => Promise<void>;
}> {
  const signal = AbortSignal.timeout(10 * 60_000);
  const images = await ensureImages({ mode: 'auto', optional }, ignore, signal);
  const name = `firedrill-test-${randomBytes(4).toString('hex')}`;
  const workDir = await mkdtemp(join(tmpdir(), `${name}-`));
  const gone = intendCluster(name, workDir);
  const provider = dockerProvider();
  const remove = async (): Promise<void> => {
    const patience = AbortSignal.timeout(120_000);
    for (const kind of ['cluster', 'fence', 'network'] as const) {
      await provider.delete({ kind, name, runId: name }, patience);
    }
    await rm(workDir, { recursive: true, force: true });
    gone();
  };
  try {
    const cluster = await provider.create(
      {
        ...spec,
        name,
        runId: name,
        nodeImage: images.node,
        profile: profiles.fast,
        kindBinary: await ensureKind({}, ignore, signal),
        kubectlBinary: await ensureKubectl(images.node, {}, ignore, signal),
        workDir,
      },
      signal,
    );
    return { cluster, nodeImage: images.node, images, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Waits until `holds` resolves true; rejects at the deadline with the last reason. */
export async function eventually(what: string, deadlineMs: number, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + deadlineMs;
  let last: unknown = 'it was false';
  while (Date.now() < end) {
    try {
      if (await holds()) return;
      last = 'it was false';
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(`not within ${deadlineMs} ms: ${what} (${String(last)})`);
}
