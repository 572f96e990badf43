// A fault of yours: import it in a scenario (`firedrill new scenario ours`), with `fault: x`, or `x(distribution)` once it is made for one.
// Check it:  npm run firedrill -- validate ./x.ts
import { act, defineFault, seconds } from 'firedrill';

/**
 * A worker's kubelet is stopped as it stands.
 *
 * Source: where it happened.
 */
export default defineFault({
  id: 'x',
  title: "A worker's kubelet hangs",
  source: 'x.ts',
  fidelity: 'real',
  params: {},
  targets: { worker: 1 },
  requires: [{ unit: 'kubelet' }],
  prepare: [],
  inject: [act('stop the kubelet', { worker: 1 }, 'pkill -STOP -x kubelet')],
  // Must show that it is in effect. What prints nothing does not count.
  witness: [{ name: 'it is stopped', on: { worker: 1 }, command: 'ps -o stat= -C kubelet', expect: '^T' }],
  witnessDeadlineMs: seconds(30),
  // Runs on the nodes, also after a crash: it may not depend on what `inject` found out.
  undo: [act('let it go on', { worker: 1 }, 'pkill -CONT -x kubelet')],
});
