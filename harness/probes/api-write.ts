import { oneLine } from '../model/errors.ts';
import type { Probe } from '../model/probe.ts';
import { millis } from '../model/units.ts';
import { stateless } from './support/stateless.ts';

/**
 * Writes a counter through the Kubernetes API: what a deployment or a runbook needs, and what a stopped datastore or a dead
 * admission webhook takes away while reads go on. An answer means that etcd has it on disk.
 *
 * Source: postmortem 001 (writes that hit the webhook fail) and 004 (the datastore stalls).
 */
export function apiWrite(): Probe {
  const timeoutMs = millis(2000);
  return stateless(
    {
      sli: 'api-write',
      title: 'Writing through the Kubernetes API',
      periodMs: millis(500),
      timeoutMs,
      bystander: false,
    },
    async ({ cluster }, n, signal) => {
      const write = () =>
        cluster.api.writeConfigMap(
          'default',
          'firedrill-probe',
          { n: String(n) },
          { signal, timeoutMs, newcomer: true },
        );
      await write().catch((error: unknown) => {
        // Two first attempts that overlap both find nothing and create it: the API is well, and says so to one of them.
        if (!oneLine(error).includes('already exists')) throw error;
        return write();
      });
    },
  );
}
