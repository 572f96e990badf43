import { act, until } from '../model/define.ts';
import type { Runbook } from '../model/runbook.ts';
import type { NodeSelector } from '../model/step.ts';
import { seconds } from '../model/units.ts';
import { connectToHost } from './support/host-000.ts';

/**
 * Blame the program that the crash report names, and restart it.
 * Source: postmortem 000, "The Crime Scene" ("The gateway code is broken. I broke it.").
 * @param options.on the host
 */
export function restartGateway(options: { readonly on: NodeSelector }): Runbook {
  const { on } = options;
  return {
    id: 'restart-gateway',
    title: 'Restart the gateway',
    source: 'postmortem 000, "The Crime Scene"',
    why: 'There is a crash report with its name on it.',
    steps: [
      connectToHost(on),
      act('restart it', on, 'systemctl restart swarm-gateway'),
      until('wait until it runs', on, 'systemctl is-active swarm-gateway', seconds(30)),
    ],
  };
}
