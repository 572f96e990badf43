import { reboot, until } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Fault } from '../model/fault.ts';
import { minutes, seconds } from '../model/units.ts';

/** How long ago the machine was started, in seconds: its first process' age. */
const uptime = 'ps -o etimes= -p 1 | tr -d " "';

/**
 * Every node is switched off and on at once, and one of them comes back with what postmortem 004 found on it: a scheduler whose watches
 * stall (RC-1; here on the control plane), service rules that nobody writes (RC-2), names that containerd keeps (RC-3), and pods of a
 * volume that are Terminating for ever. The reboot is real; what it left behind is brought about by the faults of those names, one after
 * another, as soon as the cluster has come back far enough for each.
 *
 * Source: postmortem 004, "Simultaneous 3-Node Reboot Cascade" ("three independent root causes — all on k8s02").
 *
 * @param options.worker the worker that is k8s02, from 1
 * @param options.causes what stays broken, in the order in which it is brought about
 */
export function simultaneousReboot(
  distribution: Distribution,
  options: { readonly worker: number; readonly causes: readonly Fault[] },
): Fault {
  const { kubectl } = distribution.commands;
  const node = { worker: options.worker };
  const { causes } = options;
  return {
    id: 'simultaneous-reboot',
    title: 'Every node is rebooted at once, and four things stay broken on one of them',
    source: 'postmortem 004, "Simultaneous 3-Node Reboot Cascade"',
    fidelity: 'equivalent',
    params: Object.fromEntries([
      ['causes', causes.map(({ id }) => id).join(', ')],
      ...causes.flatMap(({ params }) => Object.entries(params)),
    ]),
    requires: causes.flatMap(({ requires = [] }) => requires),
    targets: 'nodes',
    prepare: causes.flatMap((cause) => cause.prepare),
    inject: [
      reboot('all nodes at once', 'nodes', seconds(60)),
      until('the API is back', 'control-plane', `${kubectl} get --raw /readyz --request-timeout=2s`, minutes(2)),
      until(
        'the node runs its agents, the volume and services',
        node,
        `[ "$(pidof pause | wc -w)" -ge 8 ] && pidof ${distribution.processes('proxy', 'network')} etcd podinfo && iptables-save -t nat | grep -q -- "-j KUBE-SEP-"`,
        minutes(2),
      ),
      until(
        'the scheduler holds its lease',
        'control-plane',
        `${kubectl} -n kube-system get lease kube-scheduler -o json | jq -e 'now - (.spec.renewTime | sub("[.][0-9]+Z"; "Z") | fromdate) < 4'`,
        minutes(2),
      ),
      ...causes.flatMap((cause) => cause.inject),
    ],
    witness: [
      {
        name: 'every node was started within the last minutes',
        on: 'nodes',
        command: `[ "$(${uptime})" -lt 400 ] && echo rebooted`,
        expect: '^rebooted$',
      },
      ...causes.flatMap((cause) => cause.witness),
    ],
    witnessDeadlineMs: minutes(3),
    undo: causes.flatMap((cause) => cause.undo),
  };
}
