import type { Probe } from '../model/probe.ts';
import { millis } from '../model/units.ts';
import { ask, good } from './support/http.ts';
import { stateless } from './support/stateless.ts';

/**
 * A client of the service that runs beside Kubernetes on the same host, under systemd: HTTP over a connection of its own each time.
 *
 * Source: postmortem 000 (the gateway that was blamed; "just a Python HTTP server that routes traffic").
 */
export function gateway(): Probe {
  return stateless(
    {
      sli: 'gateway',
      title: 'The gateway beside Kubernetes on the same host',
      periodMs: millis(250),
      timeoutMs: millis(1000),
      bystander: false,
    },
    async ({ cluster }, _n, signal) => {
      good(await ask(cluster.endpoint('gateway'), '/', { signal }));
    },
  );
}
