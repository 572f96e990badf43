import { act, until } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Fault } from '../model/fault.ts';
import { seconds } from '../model/units.ts';

const shims = "for pid in $(pidof containerd-shim-runc-v2); do awk '/^State:/ { print $2 }' /proc/$pid/status; done";

/**
 * The controller of a replicated volume and one of its replicas are deleted on a node that never says they are gone: their processes have
 * ended, and the one that would tell containerd so (the pod's shim) stands still. The kubelet asks again and again, the pods stay
 * Terminating, and what would replace them waits: the controller because a pod of that name is there, the replica because nobody
 * may share its node. In the postmortem a reboot had left containerd with tasks that no longer existed; what it believed, and what everybody
 * waited for, is the same.
 *
 * Source: postmortem 004, 07:30 ("6 jiva-ctrl pods stuck Terminating (PDB deadlock)") and 09:20 ("Terminating replicas blocking
 * anti-affinity").
 *
 * @param options.worker which worker, from 1; the workload `storage` has the controller on the second
 */
export function replicaDeadlock(distribution: Distribution, options: { readonly worker: number }): Fault {
  const { ctr, kubectl } = distribution.commands;
  const node = { worker: options.worker };
  const onNode = `(.spec.nodeName // "") | endswith("${distribution.workerName(options.worker)}")`;
  const terminating = (also: string): string =>
    `${kubectl} -n storage get pods --request-timeout=3s -o json | jq -r '.items[] | select(${onNode}) | select(.metadata.deletionTimestamp != null) ${also}| .metadata.name'`;
  return {
    id: 'replica-deadlock',
    title: "A volume's pods are Terminating and never gone",
    source: 'postmortem 004, "Simultaneous 3-Node Reboot Cascade", 07:30 and 09:20',
    fidelity: 'equivalent',
    params: { worker: options.worker },
    targets: node,
    prepare: [
      act(
        'see that the controller and a replica are there',
        'control-plane',
        `${kubectl} -n storage get pods -o json | jq -r '.items[] | select(${onNode}) | .metadata.name' > /run/volume-pods; grep -q jiva-ctrl /run/volume-pods && grep -q jiva-rep /run/volume-pods`,
      ),
    ],
    inject: [
      act(
        'their processes end, and nobody tells containerd',
        node,
        [
          `for sandbox in $(${ctr} containers ls -q 'labels."io.kubernetes.pod.namespace"==storage,labels."io.cri-containerd.kind"==sandbox'); do`,
          // The shim of a sandbox that is gone has ended.
          '  shim=$(pgrep -f -- "^[^ ]*containerd-shim-runc-v2 .*-id $sandbox") || continue',
          '  kill -STOP "$shim"',
          '  kill -KILL $(pgrep -P "$shim")',
          'done',
        ].join('\n'),
      ),
      act(
        'they are deleted',
        'control-plane',
        `${kubectl} -n storage delete pod --wait=false $(${kubectl} -n storage get pods -o json | jq -r '.items[] | select(${onNode}) | .metadata.name')`,
      ),
    ],
    witness: [
      { name: 'their shims stand still', on: node, command: `${shims} | grep -c '^T$' || true`, expect: '^[1-9]' },
      {
        name: 'the controller should be gone since three seconds, and is not',
        on: 'control-plane',
        command: terminating('| select((.metadata.deletionTimestamp | fromdate) + 3 < now) '),
        expect: '^jiva-ctrl-0$',
      },
    ],
    witnessDeadlineMs: seconds(20),
    undo: [
      act('the shims go on', node, 'kill -CONT $(pidof containerd-shim-runc-v2)'),
      until('nothing is Terminating there', 'control-plane', `[ -z "$(${terminating('')})" ]`, seconds(60)),
    ],
  };
}
