import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Cluster } from '../model/cluster.ts';
import { seconds } from '../model/units.ts';
import { redact } from './steps.ts';

/** Of a journal so much at most, from its end: a kubelet that lost its API server writes some hundred lines a second. */
const mostLines = 50_000;

/**
 * What a person would look at on a node who asks why it is as it is: what kubelet and containerd said since the trial began, and which
 * sandboxes and containers are there. Each look may fail by itself: a hung containerd must not hide what the kubelet says of it.
 */
const looks = (sinceEpochMs: number) => `
echo '# journalctl'
journalctl --no-pager --utc -o short-precise -u kubelet -u containerd --since=@${Math.floor(sinceEpochMs / 1000)} -n ${mostLines} 2>&1 || true
echo '# crictl pods'
timeout 5 crictl pods 2>&1 || true
echo '# crictl ps -a'
timeout 5 crictl ps -a 2>&1 || true`;

/**
 * Writes the logs of every node of a cluster to `<dir>/<node>.log.gz`, keys and tokens taken out. By `docker exec`, which needs
 * nothing of the cluster.
 *
 * @param sinceEpochMs wall time of the trial's zero, which the log's first line says: to find what an event's `atMs` means in it
 * @returns one line for each node whose logs could not be had (it is off, or does not answer)
 */
export async function keepNodeLogs(
  cluster: Pick<Cluster, 'nodes' | 'exec'>,
  dir: string,
  sinceEpochMs: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  mkdirSync(dir, { recursive: true });
  const zero = `# the trial began at ${new Date(sinceEpochMs).toISOString()}\n`;
  const options = { timeoutMs: seconds(20), signal };
  const missing = await Promise.all(
    cluster.nodes.map(async ({ name }) => {
      const { exitCode, stdout, stderr } = await cluster.exec(name, looks(sinceEpochMs), options);
      if (exitCode !== 0) return `${name}: ${stderr.trim().split('\n').at(-1) ?? ''} (exit code ${exitCode})`;
      writeFileSync(join(dir, `${name}.log.gz`), gzipSync(redact(zero + stdout)));
      return undefined;
    }),
  );
  return missing.filter((line) => line !== undefined);
}
