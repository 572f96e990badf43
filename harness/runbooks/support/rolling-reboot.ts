import { placeVariable } from '../../model/commands.ts';
import { act, reboot, until } from '../../model/define.ts';
import type { Distribution } from '../../model/distribution.ts';
import type { NodeSelector, Step } from '../../model/step.ts';
import { seconds } from '../../model/units.ts';
import { networkCheck } from './network-check.ts';
import { removeAllSandboxes } from './sandboxes.ts';

/**
 * One node of a rolling reboot: cordon, drain, reboot, see that it is Ready and that its network works, uncordon.
 * @param name what its steps are called by
 * @param options.sandboxes `removed` before the reboot, or `left` for containerd to find afterwards
 */
export function rebootOne(
  distribution: Distribution,
  name: string,
  on: NodeSelector,
  options: { readonly sandboxes: 'removed' | 'left' },
): readonly Step[] {
  const node = placeVariable(on);
  return [
    act(`${name}: cordon`, 'workstation', `kubectl cordon ${node}`),
    act(
      `${name}: drain`,
      'workstation',
      [
        // The one controller's budget forbids its eviction for ever; it holds no data, and is started again elsewhere.
        `kubectl -n storage delete pods -l app=jiva-ctrl --field-selector "spec.nodeName=${node}" --wait=false`,
        `kubectl drain ${node} --ignore-daemonsets --delete-emptydir-data --timeout=60s`,
      ].join('\n'),
      { timeoutMs: seconds(80), destroys: 'what its pods hold in memory and in emptyDirs' },
    ),
    ...(options.sandboxes === 'removed'
      ? [
          act(`${name}: stop and remove its sandboxes`, on, removeAllSandboxes(distribution), {
            timeoutMs: seconds(90),
            // It is rebooted all the same, as whoever types this does.
            optional: true,
          }),
        ]
      : []),
    reboot(`${name}: reboot`, on, seconds(60)),
    until(`${name}: wait for its kubelet`, on, distribution.runs('kubelet'), seconds(60)),
    until(
      `${name}: wait until the API answers`,
      'control-plane',
      `${distribution.commands.kubectl} get --raw /readyz --request-timeout=2s`,
      seconds(90),
    ),
    until(
      `${name}: wait until it is Ready and runs its agents`,
      on,
      `pidof ${distribution.processes('proxy', 'network')} && iptables-save -t nat | grep -q -- "-j KUBE-SEP-"`,
      seconds(90),
    ),
    act(`${name}: uncordon`, 'workstation', `kubectl uncordon ${node}`),
    networkCheck(`${name}: does a new pod get a network there?`, on),
    until(
      `${name}: wait until everything is ready`,
      'workstation',
      '[ -z "$(kubectl get pods -A --no-headers --request-timeout=3s | awk \'{ split($3, n, "/"); if (n[1] != n[2]) print }\')" ]',
      seconds(120),
    ),
  ];
}

/** All nodes, the control plane last. */
export const rollingReboot = (
  distribution: Distribution,
  options: { readonly sandboxes: 'removed' | 'left' },
): readonly Step[] => [
  ...rebootOne(distribution, 'first worker', { worker: 1 }, options),
  ...rebootOne(distribution, 'second worker', { worker: 2 }, options),
  ...rebootOne(distribution, 'control plane', 'control-plane', options),
];
