import { distributions } from '../distributions/all.ts';
import type { Cluster } from '../model/cluster.ts';
import type { DistributionName } from '../model/distribution.ts';
import { seconds } from '../model/units.ts';
import { shellScript } from './shell.ts';

/** What a node wrote, or why it cannot be had: it is off, or does not answer. As it is: keys and tokens may be in it. */
export type NodeLog = { readonly node: string } & ({ readonly text: string } | { readonly missing: string });

/** Of a journal so much at most, from its end: a kubelet that lost its API server writes some hundred lines a second. */
const mostLines = 50_000;

/** `ClusterProvider.logs`, by `docker exec`, which needs nothing of the cluster. */
export async function nodeLogs(
  cluster: Pick<Cluster, 'nodes' | 'exec'>,
  sinceEpochMs: number,
  signal: AbortSignal,
  name: DistributionName = 'kubeadm',
): Promise<readonly NodeLog[]> {
  const since = Math.floor(sinceEpochMs / 1000);
  const { init, logsBetween } = distributions[name];
  const command = [
    shellScript('node-logs.sh', { since, lines: mostLines }),
    // Where there is no journal, what the one program said.
    ...(init === 'systemd'
      ? []
      : [`echo '# k3s'`, `${logsBetween('kubelet', String(since), '$(date +%s)')} | tail -n ${mostLines}`]),
  ].join('\n');
  const options = { timeoutMs: seconds(20), signal };
  return await Promise.all(
    cluster.nodes.map(async ({ name: node }) => {
      const { exitCode, stdout, stderr } = await cluster.exec(node, command, options);
      if (exitCode === 0) return { node, text: stdout };
      return { node, missing: `${stderr.trim().split('\n').at(-1) ?? ''} (exit code ${exitCode})` };
    }),
  );
}
