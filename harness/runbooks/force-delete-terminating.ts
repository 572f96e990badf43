import { look, until } from '../model/define.ts';
import type { Runbook } from '../model/runbook.ts';
import { seconds } from '../model/units.ts';
import { forceDeleteStep, terminatingPods } from './support/terminating.ts';

/**
 * Take what is Terminating out of the API without waiting for its node.
 * Source: postmortem 004, interventions 1 and 5 ("force-deletion with --force --grace-period=0 is the only resolution"). Kubernetes,
 * "Force Delete StatefulSet Pods": the API no longer knows whether it runs.
 */
export function forceDeleteTerminating(): Runbook {
  return {
    id: 'force-delete-terminating',
    title: 'Delete by force what is Terminating',
    source: 'postmortem 004, resolution summary, interventions 1 and 5',
    why: 'Pods are Terminating forever, and their replacements wait for that.',
    steps: [
      look('see what is Terminating', 'workstation', terminatingPods),
      forceDeleteStep('delete it by force'),
      until('wait until nothing is', 'workstation', `[ -z "$(${terminatingPods})" ]`, seconds(30)),
    ],
  };
}
