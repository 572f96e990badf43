import { endProcesses } from '../../model/commands.ts';
import { act } from '../../model/define.ts';
import type { Step } from '../../model/step.ts';
import { untilApiReady } from './waits.ts';

/** The datastore is asked to end, killed when it does not, and started by the kubelet. Source: postmortem 004, intervention 4. */
export const restartDatastoreSteps = (name: string): readonly Step[] => [
  act(name, 'control-plane', endProcesses('etcd'), { standsFor: 'snap restart microk8s.daemon-k8s-dqlite' }),
  untilApiReady,
];
