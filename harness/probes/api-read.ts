import type { Probe } from '../model/probe.ts';
import { millis } from '../model/units.ts';
import { stateless } from './support/stateless.ts';

/**
 * Reads an object through the Kubernetes API: the cluster's CA, which every namespace of every cluster has. As kubectl does it, with
 * a connection and a TLS handshake of its own each time.
 *
 * Source: postmortem 002 (the API kept answering) and 003 (401 from every client).
 */
export function apiRead(): Probe {
  const timeoutMs = millis(2000);
  return stateless(
    {
      sli: 'api-read',
      title: 'Reading through the Kubernetes API',
      periodMs: millis(500),
      timeoutMs,
      bystander: false,
    },
    async ({ cluster }, _n, signal) => {
      const data = await cluster.api.readConfigMap('default', 'kube-root-ca.crt', {
        signal,
        timeoutMs,
        newcomer: true,
      });
      if (Object.keys(data).length === 0) throw new Error('the object is empty');
    },
  );
}
