// What is an outage of yours? This one is real and small: change it until it is yours.
// Check it:     npm run firedrill -- validate ./NAME.ts
// Rehearse it:  npm run scenario ./NAME.ts
// Where no code is needed, YAML is shorter: firedrill new outage NAME
import { act, claimed, defineScenario, look, millis, minutes, seconds } from 'firedrill';
import { nodeNotReady } from 'firedrill/detectors/node-not-ready';
import { probeFailing } from 'firedrill/detectors/probe-failing';
import { resurrectionProbes } from 'firedrill/probes';
import { wait } from 'firedrill/runbooks/wait';

export default defineScenario({
  outage: {
    title: "A worker's kubelet hangs",
    source: 'NAME.ts',
    date: 'undated',
    says: ['No pod starts on that worker any more; what runs there goes on.'],
    undetectedMs: millis(0),
    recoveryMs: millis(0),
  },
  fidelity: 'real',
  differences: [],
  cluster: { workers: 2, workload: 'resurrection' },
  probes: resurrectionProbes(),
  // At least one, or the trial is invalid.
  breaks: ['pod-start'],
  keeps: ['new-connection', 'api-read', 'database'],
  fault: {
    id: 'NAME',
    title: "A worker's kubelet hangs",
    source: 'NAME.ts',
    fidelity: 'real',
    params: {},
    targets: { worker: 1 },
    // k3s has its kubelet inside.
    requires: [{ unit: 'kubelet' }],
    prepare: [],
    inject: [act('stop the kubelet', { worker: 1 }, 'pkill -STOP -x kubelet')],
    // Must show that it is in effect. What prints nothing does not count.
    witness: [{ name: 'it is stopped', on: { worker: 1 }, command: 'ps -o stat= -C kubelet', expect: '^T' }],
    witnessDeadlineMs: seconds(30),
    // Runs on the nodes, also after a crash: it may not depend on what `inject` found out.
    undo: [act('let it go on', { worker: 1 }, 'pkill -CONT -x kubelet')],
  },
  detectors: [nodeNotReady(), probeFailing({ sli: 'pod-start', periodMs: seconds(3), timeoutMs: seconds(10) })],
  runbooks: [
    claimed(wait(), 'does-not-recover', 'nothing lets it go on'),
    claimed(
      {
        id: 'continue-the-kubelet',
        title: 'Let the kubelet go on',
        source: 'NAME.ts',
        why: 'Its state says that it is stopped.',
        steps: [
          look('see whether it runs', { worker: 1 }, 'ps -C kubelet -o pid=,stat='),
          act('let it go on', { worker: 1 }, 'pkill -CONT -x kubelet'),
        ],
      },
      'recovers',
      'pods start again',
    ),
  ],
  horizonMs: { fast: seconds(135), stock: minutes(10) },
});
