import { placeVariable } from '../model/commands.ts';
import { act } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Runbook } from '../model/runbook.ts';
import type { NodeSelector, Step } from '../model/step.ts';
import { networkCheck } from './support/network-check.ts';
import { restoreCniSteps } from './support/restore-cni-steps.ts';

/**
 * The same update, on one node first; its network is looked at before the others get it, and put back when it is gone.
 * Source: postmortem 002, prevention (an update that failed half-way was on the only node at once); postmortem 001 ("run host upgrades in a
 * canary fashion").
 * @param options.canary the node that gets it first
 * @param options.update what the update does to that node
 * @param options.others what it does to the rest, if it comes to that
 */
export function canaryUpdate(
  distribution: Distribution,
  options: { readonly canary: NodeSelector; readonly update: readonly Step[]; readonly others: readonly Step[] },
): Runbook {
  const { canary, update, others } = options;
  return {
    id: 'canary-update',
    title: 'Update one node first, check its network, continue only if it works',
    source: 'postmortem 002; postmortem 001, what to do in future, 2',
    why: 'An update that breaks something breaks one node, until the check.',
    instead: [...update, networkCheck('does a new pod get a network there?', canary), ...others],
    steps: [
      ...restoreCniSteps(distribution, canary),
      act(
        'recreate the pods of that node',
        'workstation',
        `kubectl delete pods -A --field-selector "spec.nodeName=${placeVariable(canary)},spec.hostNetwork=false" --wait=false`,
        { destroys: 'every running container on that node' },
      ),
    ],
  };
}
