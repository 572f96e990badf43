import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { k3d } from '../../distributions/k3d.ts';
import { millis } from '../../model/units.ts';
import { sleep } from '../../host/time.ts';
import { FiredrillError, oneLine } from '../../model/errors.ts';
import { awaitBoot, bootWithinMs, type BootSigns } from '../boot.ts';
import { keepAsked, kubeletDropIn } from '../k3s/create.ts';
import { mustOnNode } from '../must.ts';
import { askForNode, nodeRunArgs, type NodesToMake } from '../platform.ts';
import { kubeconfigAt } from '../ports.ts';
import type { ClusterSpec } from '../spec.ts';
import { together } from '../together.ts';
import { entrypoint, k3dNodeArgs, k3sArgs, roleOf } from './node.ts';

/** A server makes its certificates and its datastore first; an agent waits for it. */
const withinMs = 180_000;

const { adminKubeconfig, kubeletConfiguration } = k3d.paths;
const { kubectl } = k3d.commands;

/** Its entrypoint has prepared the node when k3s has been started. */
export const k3dBoot: BootSigns = { answers: `${k3d.runs()} >/dev/null` };

/**
 * Makes nodes as k3d does: each is created, gets its files and is started, the server first, the agents when its API answers.
 * @throws FiredrillError `environment` with the node and its own words; what was made is left to the caller to remove
 */
export async function k3dCreate(spec: ClusterSpec, given: NodesToMake, signal: AbortSignal): Promise<void> {
  const { names, net, ports, docker } = given;
  const [server = '', ...agents] = names;
  const token = randomBytes(16).toString('hex');
  const files = await filesOf(spec);

  const make = async (name: string, index: number): Promise<void> => {
    const asked = k3dNodeArgs(spec, { names, index, net, ports, token });
    await keepAsked(spec.workDir, name, asked);
    const [image = '', ...args] = asked.toReversed();
    const created = ['create', '--ip', net.nodeAddress(index), ...nodeRunArgs(spec), '--entrypoint', entrypoint];
    // Only `docker run` knows this one.
    const wanted = args.toReversed().filter((argument) => argument !== '--detach');
    await askForNode(docker, [...created, ...wanted, image, ...k3sArgs(index, spec.profile)], signal);
    await docker(['cp', `${files}/.`, `${name}:/var`], { signal });
  };
  const start = async (name: string): Promise<void> => {
    const startedEpochMs = Date.now();
    await docker(['start', name], { signal });
    const bounds = { signal, timeoutMs: bootWithinMs };
    await awaitBoot({ docker, cluster: given, boot: k3dBoot }, name, startedEpochMs, bounds);
  };
  /** Until a command succeeds on the server. */
  const onServer = async (what: string, command: string): Promise<void> => {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const result = await given.exec(server, command, { signal, timeoutMs: millis(10_000) });
      if (result.exitCode === 0) return;
      signal.throwIfAborted();
      if (performance.now() > deadline)
        throw new FiredrillError('environment', `${what} within ${withinMs / 1000} s: ${oneLine(result.stderr)}`, {
          hint: `docker logs ${server}`,
        });
      await sleep(300, signal);
    }
  };

  await together(names.map(make));
  await start(server);
  await onServer(`k3s did not answer on ${server}`, `test -s ${adminKubeconfig} && ${kubectl} get --raw /readyz`);
  const text = await mustOnNode(given, server, `cat ${adminKubeconfig}`, signal);
  await writeFile(given.kubeconfig, kubeconfigAt(text, ports), { mode: 0o600 });
  await together(
    agents.map(async (name) => {
      await start(name);
      await onServer(`${roleOf(1)} ${name} did not join`, `${kubectl} get node ${name}`);
    }),
  );
}

/** A folder with what each node is given below its /var before it starts, as by `files` of k3d's configuration file: the kubelet's timers. */
async function filesOf(spec: ClusterSpec): Promise<string> {
  const dir = join(spec.workDir, 'files');
  const file = join(dir, relative('/var', kubeletConfiguration));
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, kubeletDropIn(spec.profile));
  return dir;
}
