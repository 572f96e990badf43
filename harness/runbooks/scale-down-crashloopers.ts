import { act, look, until } from '../model/define.ts';
import type { Runbook } from '../model/runbook.ts';
import { seconds } from '../model/units.ts';

/**
 * Take away what crash-loops, from a workstation: the API is not on the machine that reboots.
 * Source: postmortem 000, "The Actual Culprit" (`openwebui` and `quartz-vault` restarted every few seconds): what stopping only them costs.
 */
export function scaleDownCrashloopers(): Runbook {
  return {
    id: 'scale-down-crashloopers',
    title: 'Scale down what crash-loops',
    source: 'postmortem 000, "The Actual Culprit"; not tried there',
    why: 'The restart counts say which pods thrash; the rest of the machine can stay as it is.',
    steps: [
      look('see what restarts', 'workstation', 'kubectl -n apps get pods'),
      act('scale both down', 'workstation', 'kubectl -n apps scale deployment openwebui quartz-vault --replicas=0'),
      until(
        'wait until their pods are gone',
        'workstation',
        '[ -z "$(kubectl -n apps get pods -o name)" ]',
        seconds(120),
      ),
    ],
  };
}
