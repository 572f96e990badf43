import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Cluster } from '../../model/cluster.ts';
import { FiredrillError, oneLine } from '../../model/errors.ts';
import { seconds } from '../../model/units.ts';

const manifest = readFileSync(new URL('access.yaml', import.meta.url), 'utf8');

/** How the monitoring gets in, and where the cluster's DNS service is. */
export interface Access {
  readonly token: string;
  /** The authority behind the API server's certificate, as PEM. */
  readonly ca: string;
  readonly dns: string;
}

const kubeconfig = z.object({
  clusters: z.array(z.object({ cluster: z.object({ 'certificate-authority-data': z.string() }) })).min(1),
});

/**
 * Makes the monitoring's ServiceAccount and a token for it.
 * @throws FiredrillError `environment` with what kubectl said
 */
export async function grantAccess(
  cluster: Pick<Cluster, 'workstation' | 'kubeconfig'>,
  signal: AbortSignal,
): Promise<Access> {
  const made = await cluster.workstation(
    [
      'kubectl apply -f - >&2',
      // It ends its line on a terminal only.
      'kubectl -n firedrill create token firedrill-monitoring --duration=24h && echo',
      "kubectl -n kube-system get service kube-dns -o jsonpath='{.spec.clusterIP}'",
    ].join('\n'),
    { timeoutMs: seconds(30), signal, input: manifest },
  );
  signal.throwIfAborted();
  const [token = '', dns = ''] = made.stdout.trim().split('\n');
  if (made.exitCode !== 0 || dns === '') {
    throw new FiredrillError('environment', `no way into the cluster for Prometheus: ${oneLine(made.stderr)}`);
  }
  const { clusters } = kubeconfig.parse(parse(await readFile(cluster.kubeconfig, 'utf8')));
  const ca = Buffer.from(clusters[0]?.cluster['certificate-authority-data'] ?? '', 'base64').toString();
  return { token, ca, dns };
}

/** Takes the ServiceAccount away again. Never rejects: an API that is down is nothing to wait for. */
export async function revokeAccess(cluster: Pick<Cluster, 'workstation'>, signal: AbortSignal): Promise<void> {
  await cluster
    .workstation('kubectl delete --ignore-not-found --request-timeout=8s -f -', {
      timeoutMs: seconds(10),
      signal,
      input: manifest,
    })
    .catch(() => undefined);
}
