import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { leftoverProvider } from '../cluster/containers.ts';
import { createCluster } from '../cluster/kind.ts';
import { nodePorts } from '../cluster/kind-config.ts';
import { ensureImages } from '../images/ensure.ts';
import { startLoad } from '../load/k6.ts';
import { FiredrillError } from '../model/errors.ts';
import { profiles } from '../model/profile.ts';
import { registerRun, type RunRegistration } from '../registry/registry.ts';
import { stateDir } from '../registry/state.ts';
import { startSampling } from '../sampling/sampler.ts';
import { cacheDir } from '../setup/cache.ts';
import { ensureDocker } from '../setup/docker.ts';
import { ensureKind, ensureKubectl } from '../setup/kind.ts';
import { deadline } from './deadline.ts';
import type { RunOptions } from './run.ts';
import type { TrialDeps } from './trial.ts';

/** A machine on which trials can run. */
export interface Machine {
  depsFor(trialId: string): TrialDeps;
  /** The run is over. */
  close(): void;
}

const manifests = fileURLToPath(new URL('../../manifests', import.meta.url));

/** Requests a second that k6 sends: enough to see a bad second, little enough for two cores. */
const loadPerSecond = 10;

/**
 * Makes the machine ready (Docker, images, kind, kubectl: whatever is missing is fetched or built, saying so) and ties the
 * rooms together for the trials of one run.
 *
 * @throws FiredrillError `environment` with what is missing and how to mend it
 */
export async function prepareMachine(options: RunOptions, runId: string, runDir: string): Promise<Machine> {
  const { scenario, onProgress, signal } = options;
  const workloadDir = join(manifests, scenario.cluster.workload);
  if (!existsSync(workloadDir))
    throw new FiredrillError(
      'usage',
      `scenario ${options.scenarioId} wants the workload ${scenario.cluster.workload}, which is not in manifests/`,
      {
        hint: 'ls manifests',
      },
    );
  await ensureDocker({}, onProgress, signal);
  const images = await ensureImages({ mode: options.images }, onProgress, signal);
  const kindBinary = await ensureKind({}, onProgress, signal);
  const kubectlBinary = await ensureKubectl(images.node, {}, onProgress, signal);
  const registration = registerRun({ runId, scenario: options.scenarioId, runDir });
  let count = 0;

  return {
    close: () => {
      registration.end();
    },
    depsFor: () => {
      const name = `firedrill-${runId}-${++count}`;
      const workDir = join(stateDir(), 'work', name);
      return {
        keepCluster: (cluster) => {
          registration.keep({ name: cluster.name, kubeconfig: cluster.kubeconfig });
        },
        createCluster: async (trialSignal, onNote) => {
          const resources = resourcesOf(name, workDir);
          for (const resource of resources) registration.intend(resource);
          await mkdir(workDir, { recursive: true, mode: 0o700 });
          const releaseAll = async () => {
            await rm(workDir, { recursive: true, force: true });
            for (const resource of resources) registration.released(resource);
          };
          try {
            const cluster = await createCluster(
              {
                name,
                runId,
                nodeImage: images.node,
                workers: scenario.cluster.workers,
                workloadDir,
                profile: profiles[options.profile],
                kindBinary,
                kubectlBinary,
                // One cache, FIREDRILL_CACHE included: the provider's own default knows only XDG's.
                cacheDir: cacheDir(),
                workDir,
                openFence: options.openFence,
                onProgress: onNote,
              },
              {},
              trialSignal,
            );
            const remove = cluster.delete.bind(cluster);
            return Object.assign(cluster, {
              delete: async () => {
                await remove();
                await releaseAll();
              },
            });
          } catch (error) {
            // createCluster has taken down what it made. Only what is seen to be gone is released: the rest is for `clean`.
            using patience = deadline(20_000);
            const left = await leftoverProvider()
              .leftovers(patience.signal)
              .catch(() => undefined);
            if (left !== undefined && !left.some((one) => one.name.startsWith(name))) await releaseAll();
            throw error;
          }
        },
        startSampling,
        startLoad: ({ cluster, clock, maxSeconds, onSecond, signal: loadSignal }) =>
          startLoad({
            image: images.k6,
            cluster,
            runId,
            targets: cluster.nodes.map((node) => `http://${node.address}:${nodePorts.web}/`),
            ratePerSecond: loadPerSecond,
            maxSeconds,
            zeroEpochMs: clock.wallEpochMs,
            onSecond,
            signal: loadSignal,
          }),
      };
    },
  };
}

/** Everything that a trial's cluster may leave behind, in the registry's words. */
function resourcesOf(name: string, workDir: string): readonly Parameters<RunRegistration['intend']>[0][] {
  return [
    { kind: 'dir', name: workDir },
    { kind: 'network', name },
    { kind: 'fence', name },
    { kind: 'cluster', name },
  ];
}
