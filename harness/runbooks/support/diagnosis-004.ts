import { look } from '../../model/define.ts';
import type { Distribution } from '../../model/distribution.ts';
import type { NodeSelector, Step } from '../../model/step.ts';
import { seconds } from '../../model/units.ts';
import { lastReservedName } from './reserved-names.ts';
import { terminatingPods } from './terminating.ts';

/** One look at each of the four layers that postmortem 004 found broken, before anything is touched. */
export const lookAtEveryLayer = (distribution: Distribution, node: NodeSelector): readonly Step[] => [
  look(
    'is the scheduler silent?',
    'workstation',
    [
      'kubectl get pods -A --field-selector status.phase=Pending --no-headers | wc -l',
      'kubectl get events -A --field-selector reason=FailedScheduling --no-headers | wc -l',
      "kubectl -n kube-system get lease kube-scheduler -o jsonpath='{.spec.holderIdentity} {.spec.renewTime}'",
    ].join('\n'),
  ),
  look('are there service rules?', 'nodes', "iptables-save -t nat | grep -c -- '-j KUBE-SEP-' || true"),
  look('are names reserved?', node, lastReservedName(distribution)),
  look('what is Terminating?', 'workstation', terminatingPods),
  look(
    'does the datastore answer?',
    'control-plane',
    `${distribution.logs('apiserver', 400)} | grep -cE 'context (canceled|deadline exceeded)' || true`,
    { timeoutMs: seconds(10) },
  ),
];
