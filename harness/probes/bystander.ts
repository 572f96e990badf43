import type { Probe } from '../model/probe.ts';
import { millis } from '../model/units.ts';
import { ask, good } from './support/http.ts';
import { stateless } from './support/stateless.ts';

/**
 * A service outside the blast radius (on the control plane's node): its bad seconds are collateral damage of the fault or of
 * the runbook.
 *
 * Source: postmortem 004, "must not be touched".
 */
export function bystander(): Probe {
  return stateless(
    {
      sli: 'bystander',
      title: 'HTTP to a service outside the blast radius',
      periodMs: millis(500),
      timeoutMs: millis(1000),
      bystander: true,
    },
    async (context, _n, signal) => {
      good(await ask(context.cluster.endpoint('bystander'), '/', { signal }));
    },
  );
}
