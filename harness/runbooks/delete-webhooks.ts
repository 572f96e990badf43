import { act, look } from '../model/define.ts';
import type { Runbook } from '../model/runbook.ts';

/**
 * Delete the validating webhooks, because the errors name them.
 * Source: postmortem 001, 4 ("validating webhooks being unreachable (because DNS was down). I deleted those hooks").
 */
export function deleteWebhooks(): Runbook {
  return {
    id: 'delete-webhooks',
    title: 'Delete the validating webhooks',
    source: 'postmortem 001, step 4',
    why: 'Writes are refused because a webhook does not answer: the first error that names its cause.',
    steps: [
      look('see what does not run', 'workstation', 'kubectl get pods -A -o wide | grep -v Running'),
      look('see the webhooks', 'workstation', 'kubectl get validatingwebhookconfigurations'),
      act('delete them', 'workstation', 'kubectl delete validatingwebhookconfigurations --all', {
        destroys: 'every policy that they enforced, until somebody deploys them again',
      }),
    ],
  };
}
