import { act } from '../../../harness/model/define.ts';
import type { Runbook } from '../../../harness/model/runbook.ts';
import { claimed, defineScenario } from '../../../harness/model/scenario.ts';
import { restoreResolver } from '../../../harness/runbooks/restore-resolver.ts';
import { wait } from '../../../harness/runbooks/wait.ts';
import corednsLoop from '../../../scenarios/coredns-loop.ts';

const loopback = "echo 'nameserver 127.0.0.1' > /etc/resolv.conf";
const newPods =
  'kubectl --kubeconfig /etc/kubernetes/admin.conf -n kube-system delete pods -l k8s-app=kube-dns --wait=false';

/** How a command is run some time later, by something that the runbook does not know of. */
const ways = {
  /** A job that somebody left in the background of a shell. */
  'a background job': (seconds: number, command: string) =>
    `setsid nohup sh -c "sleep ${seconds}; ${command}" > /dev/null 2>&1 < /dev/null &`,
  /** A controller that puts back what it takes for the wanted state, every five seconds from then on. */
  'a controller': (seconds: number, command: string) =>
    `systemd-run --quiet sh -c "sleep ${seconds}; while :; do ${command}; sleep 5; done"`,
  /** A timer, as cron or a systemd timer is one. */
  'a timer': (seconds: number, command: string) =>
    `systemd-run --quiet --on-active=${seconds} --timer-property=AccuracySec=100ms sh -c "${command}"`,
} as const;

/** The fix, after which something undoes it. */
function undone(seconds: number, by: keyof typeof ways): Runbook {
  const cure = restoreResolver();
  const later = ways[by];
  return {
    ...cure,
    id: `undone-after-${seconds}s`,
    title: `${cure.title}; ${by} undoes it ${seconds} s later`,
    steps: [
      ...cure.steps,
      act(`${by} puts loopback back in ${seconds} s`, 'nodes', later(seconds, loopback)),
      act(`and CoreDNS is recreated by it`, 'control-plane', later(seconds + 1, newPods)),
    ],
  };
}

/** What no verdict may name: fixes that do not last. */
export default defineScenario((distribution) => ({
  ...corednsLoop(distribution),
  runbooks: [
    claimed(wait(), 'does-not-recover', 'nothing heals by itself'),
    claimed(undone(10, 'a background job'), 'does-not-recover', 'undone before it is stable'),
    claimed(undone(40, 'a controller'), 'does-not-recover', 'undone soon after it was stable'),
    claimed(undone(120, 'a timer'), 'does-not-recover', 'undone two minutes later'),
    claimed(undone(240, 'a timer'), 'does-not-recover', 'undone four minutes later'),
  ],
}));
