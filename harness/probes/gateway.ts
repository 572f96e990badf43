import type { Probe } from '../model/probe.ts';
import { millis } from '../model/units.ts';
import { ask, good } from './support/http.ts';
import type { Timing } from './support/options.ts';

/**
 * A client of the service that runs beside Kubernetes on the same host, under systemd: HTTP over a connection of its own each time.
 *
 * Source: postmortem 000 (the gateway that was blamed; "just a Python HTTP server that routes traffic").
 */
export function gateway(options: Timing = {}): Probe {
  return {
    sli: 'gateway',
    title: 'The gateway beside Kubernetes on the same host',
    periodMs: options.periodMs ?? millis(250),
    timeoutMs: options.timeoutMs ?? millis(1000),
    bystander: false,
    open({ cluster }) {
      return Promise.resolve({
        async attempt(_n, signal) {
          good(await ask(cluster.endpoint('gateway'), '/', { signal }));
        },
        close: () => Promise.resolve(),
      });
    },
  };
}
