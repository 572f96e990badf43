import type { Probe } from '../model/probe.ts';
import { millis } from '../model/units.ts';
import { ask, good } from './support/http.ts';
import type { Timing } from './support/options.ts';

/**
 * A service outside the blast radius (on the control plane's node): its bad seconds are collateral damage of the fault or of
 * the runbook.
 *
 * Source: postmortem 004, "must not be touched".
 */
export function bystander(options: Timing = {}): Probe {
  return {
    sli: 'bystander',
    title: 'HTTP to a service outside the blast radius',
    periodMs: options.periodMs ?? millis(500),
    timeoutMs: options.timeoutMs ?? millis(1000),
    bystander: true,
    open(context) {
      return Promise.resolve({
        async attempt(_n, signal) {
          good(await ask(context.cluster.endpoint('bystander'), '/', { signal }));
        },
        close: () => Promise.resolve(),
      });
    },
  };
}
