import { act, until } from '../../model/define.ts';
import type { Distribution } from '../../model/distribution.ts';
import type { Step } from '../../model/step.ts';
import { seconds } from '../../model/units.ts';

/**
 * The scheduler holds its lease for so long (kube-scheduler's --leader-elect-lease-duration, 15 s by default; 60 s in postmortem 004) and
 * gives it up when it could not renew it for two thirds of that.
 */
export function schedulerLease(distribution: Distribution, leaseSeconds: number): readonly Step[] {
  const { kubectl } = distribution.commands;
  const scheduler = distribution.processes('scheduler');
  const file = `${distribution.paths.manifests}/${scheduler}.yaml`;
  const flags = [
    `--leader-elect-lease-duration=${leaseSeconds}s`,
    `--leader-elect-renew-deadline=${Math.round((leaseSeconds * 2) / 3)}s`,
  ];
  return [
    act(
      `a scheduler whose lease lasts ${leaseSeconds} s`,
      'control-plane',
      [
        // Written beside it and moved: the kubelet reads the file as soon as it changes.
        `sed -e '/--leader-elect-/d' -e 's/^\\( *\\)- --leader-elect=true$/&\\n${flags.map((flag) => `\\1- ${flag}`).join('\\n')}/' ${file} > /root/${scheduler}.yaml`,
        `grep -q -- ${flags[0] ?? ''} /root/${scheduler}.yaml`,
        `mv /root/${scheduler}.yaml ${file}`,
      ].join('\n'),
      { standsFor: 'sed -i /var/snap/microk8s/current/args/kube-scheduler' },
    ),
    until(
      'wait until it runs',
      'control-plane',
      `tr '\\0' ' ' < "/proc/$(pidof ${scheduler})/cmdline" | grep -q -- ${flags[0] ?? ''}`,
      seconds(60),
    ),
    // What the one before left would keep it waiting for as long as that lease lasts.
    act('let it take the lease at once', 'control-plane', `${kubectl} -n kube-system delete lease kube-scheduler`),
    until(
      'wait until it holds it',
      'control-plane',
      `[ "$(${kubectl} -n kube-system get lease kube-scheduler -o jsonpath='{.spec.leaseDurationSeconds}')" = ${leaseSeconds} ]`,
      seconds(60),
    ),
  ];
}
