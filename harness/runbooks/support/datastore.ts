import { act } from '../../model/define.ts';
import type { Distribution } from '../../model/distribution.ts';
import type { Step } from '../../model/step.ts';
import { untilApiReady } from './waits.ts';

/** The datastore is asked to end, killed when it does not, and started again by whoever keeps it. Source: postmortem 004, intervention 4. */
export const restartDatastoreSteps = (distribution: Distribution, name: string): readonly Step[] => [
  act(name, 'control-plane', distribution.end('datastore'), { standsFor: 'snap restart microk8s.daemon-k8s-dqlite' }),
  untilApiReady,
];
