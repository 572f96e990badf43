import { unused } from '../../model/commands.ts';
import { act, look, until } from '../../model/define.ts';
import type { Step } from '../../model/step.ts';
import { seconds } from '../../model/units.ts';

/** What a person sees of a database that was killed for memory. */
export const seeTheKill = look(
  'see why it ended',
  'workstation',
  `kubectl -n chromadb get pod chromadb-0 -o jsonpath='{.status.containerStatuses[0].lastState.terminated.reason} {.status.containerStatuses[0].lastState.terminated.exitCode}'`,
);

/** Scales down what nobody uses any more, and waits until its memory is free. */
export const scaleDownSteps: readonly Step[] = [
  act(
    'scale down what nobody uses any more',
    'workstation',
    `kubectl -n ${unused.namespace} scale deployment --all --replicas=0`,
    { destroys: 'services that may be missed after all' },
  ),
  until(
    'wait until they are gone',
    'workstation',
    `[ -z "$(kubectl -n ${unused.namespace} get pods -o name)" ]`,
    seconds(60),
  ),
];

/** A higher limit for the database, and a new pod that has it. */
export const raiseLimitSteps: readonly Step[] = [
  act(
    'a limit of 1 GiB',
    'workstation',
    'kubectl -n chromadb set resources statefulset chromadb --containers=chromadb --limits=memory=1Gi',
  ),
  // A pod that is not ready is not replaced by its controller (Kubernetes, "StatefulSets", forced rollback).
  act('delete the pod', 'workstation', 'kubectl -n chromadb delete pod chromadb-0'),
];
