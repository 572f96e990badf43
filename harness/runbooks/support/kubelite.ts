import { until } from '../../model/define.ts';
import type { Distribution } from '../../model/distribution.ts';
import type { NodeSelector, Step } from '../../model/step.ts';
import { seconds } from '../../model/units.ts';

/**
 * A restart of microk8s' kubelite: kubelet, scheduler, controller manager, API server and proxy are one process there. On a worker of
 * ours its parts are kubelet and proxy; containerd is restarted with them, as the postmortem says of its own.
 * @param name what the steps are called by, when a runbook does it more than once
 */
export const kubeliteSteps = (distribution: Distribution, name: string, worker?: NodeSelector): readonly Step[] => [
  distribution.restartStep(`${name} the control plane's`, 'control-plane', distribution.restartControlPlane, {
    standsFor: 'snap restart microk8s.daemon-kubelite',
    destroys: 'nothing, but the API is away for some seconds and every watch in the cluster ends',
  }),
  ...(worker === undefined
    ? []
    : [
        distribution.restartStep(`${name} the worker's`, worker, distribution.restartWorker, {
          standsFor: 'snap restart microk8s.daemon-kubelite',
        }),
      ]),
  until(`${name}: wait until the API answers`, 'workstation', 'kubectl get --raw /readyz', seconds(60)),
];
