import { until } from '../../model/define.ts';
import type { Distribution } from '../../model/distribution.ts';
import type { UntilStep } from '../../model/step.ts';
import { seconds } from '../../model/units.ts';
import { untilOnEveryNode } from './agents.ts';

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
export const untilAgentRolledOut = (distribution: Distribution, timeoutMs = seconds(120)): UntilStep =>
  untilOnEveryNode(distribution, 'network', 'wait for it on every node', timeoutMs);

/** The API says of itself that it is ready, its datastore included. */
export const untilApiReady: UntilStep = until(
  'wait until the API is ready',
  'workstation',
  'kubectl get --raw /readyz --request-timeout=3s',
  seconds(90),
);
