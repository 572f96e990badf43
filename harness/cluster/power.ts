import type { Cluster, ExecOptions } from '../model/cluster.ts';
import { FiredrillError } from '../model/errors.ts';
import { millis } from '../model/units.ts';
import { addressesOf } from './addresses.ts';
import { awaitBoot, type BootSigns } from './boot.ts';
import { killNode } from './containers.ts';
import type { Docker } from './docker.ts';

/** The switches of a cluster's nodes; `Cluster` says what each does. */
export type Power = Pick<Cluster, 'powerOff' | 'reboot' | 'onPanic'>;

const boundsOf = ({ signal, timeoutMs }: ExecOptions, otherwiseMs: number) => ({
  timeoutMs: timeoutMs ?? otherwiseMs,
  ...(signal === undefined ? {} : { signal }),
});

/** Switches nodes, which are containers, off and on as a hand at their power supply would. */
export function powerOf(docker: Docker, cluster: Pick<Cluster, 'network' | 'nodes' | 'exec'>, boot: BootSigns): Power {
  const powerOff = (node: string, options: ExecOptions = {}) => killNode(docker, node, boundsOf(options, 60_000));

  const checkAddress = async (node: string, signal: AbortSignal): Promise<void> => {
    const known = cluster.nodes.find((n) => n.name === node);
    const address = (await addressesOf(docker, cluster.network, [node], signal)).get(node) ?? '';
    if (known && known.address !== address) {
      throw new FiredrillError('environment', `node ${node} came back as ${address}, not ${known.address}`);
    }
  };

  return {
    powerOff,
    reboot: async (node, options = {}) => {
      const signal = options.signal ?? new AbortController().signal;
      const timeoutMs = options.timeoutMs ?? 60_000;
      const deadline = performance.now() + timeoutMs;
      await powerOff(node, { signal, timeoutMs: millis(timeoutMs) });
      const startedEpochMs = Date.now();
      const leftMs = () => Math.max(1000, deadline - performance.now());
      await docker(['start', node], { signal, timeoutMs: leftMs() });
      await checkAddress(node, signal);
      await awaitBoot({ docker, cluster, boot }, node, startedEpochMs, { signal, timeoutMs: leftMs() });
    },
    onPanic: async (node, then, options = {}) => {
      const policy = then === 'reboot' ? 'on-failure:30' : 'no';
      await docker(['update', `--restart=${policy}`, node], boundsOf(options, 30_000));
    },
  };
}
