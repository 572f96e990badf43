import type { Runbook } from '../model/runbook.ts';
import type { NodeSelector } from '../model/step.ts';
import { connectToHost, hardenGatewayStep } from './support/host-000.ts';

/**
 * Let systemd start the gateway again whenever it ends.
 * Source: postmortem 000, fix 3 ("Now it can survive host instability better").
 * @param options.on the host
 */
export function hardenGateway(options: { readonly on: NodeSelector }): Runbook {
  const { on } = options;
  return {
    id: 'harden-gateway',
    title: 'Harden the gateway',
    source: 'postmortem 000, fix 3',
    why: 'It is not the cause, but it dies with the machine.',
    steps: [connectToHost(on), hardenGatewayStep('restart it whenever it ends', on)],
  };
}
