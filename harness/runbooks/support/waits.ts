import { until } from '../../model/define.ts';
import type { UntilStep } from '../../model/step.ts';
import { seconds } from '../../model/units.ts';

/** What runbooks wait for before they go on; a person looks again and again. */

/** Every node is Ready. */
export const untilNodesReady = (timeoutMs = seconds(60)): UntilStep =>
  until(
    'wait until the nodes are Ready',
    'workstation',
    'kubectl wait --for=condition=Ready nodes --all --timeout=5s',
    timeoutMs,
  );

/** The network's agent is there in its new version, on every node. */
export const untilAgentRolledOut = (timeoutMs = seconds(120)): UntilStep =>
  until(
    'wait for it on every node',
    'workstation',
    'kubectl -n kube-flannel rollout status daemonset kube-flannel-ds --timeout=5s',
    timeoutMs,
  );

/** The API says of itself that it is ready, its datastore included. */
export const untilApiReady: UntilStep = until(
  'wait until the API is ready',
  'workstation',
  'kubectl get --raw /readyz --request-timeout=3s',
  seconds(90),
);
