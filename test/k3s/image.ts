import { cacheDir } from '../../harness/host/folders.ts';
import { machineArchitecture } from '../../harness/host/architecture.ts';
import { realRunner } from '../../harness/host/run.ts';
import { buildGraph } from '../../harness/images/build.ts';
import { k3sNode } from '../../harness/images/bases.ts';
import { buildSteps } from '../../harness/images/ensure.ts';
import { recipesDir } from '../../harness/images/keys.ts';

/** Builds what is not there of the image of a node for k3s, telling stderr of it. Returns its name. */
export async function k3sNodeImage(signal: AbortSignal): Promise<string> {
  const place = { runner: realRunner, cacheDir: cacheDir(), recipesDir };
  const graph = buildGraph({ ...place, durations: {} });
  await buildSteps(
    place,
    graph,
    [k3sNode],
    machineArchitecture(),
    (event) => {
      if (event.type === 'setup') process.stderr.write(`${event.part}: ${event.state} ${event.detail ?? ''}\n`);
    },
    signal,
  );
  return graph.built.get(k3sNode) ?? '';
}
