import { sandboxRequest } from '../model/commands.ts';
import { act, onPanic, reboot, until } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Fault } from '../model/fault.ts';
import { minutes, seconds } from '../model/units.ts';

/** How often the host was started since it was set up. */
const reboots = 'echo "$(($(wc -l < /var/log/boots) - 1)) reboots"';

/**
 * Two services get a release that crashes, and takes the pod's sandbox along: network namespaces and interfaces are torn down and made
 * again, and the host's kernel gives up. It starts itself again, the pods start again, and so on. The host of
 * `scenarios/support/panicking-host.ts` is needed for it.
 *
 * The thrash is real. The panic is a program's, which counts the interfaces: the kernel is shared with everybody.
 *
 * Source: postmortem 000, "The Actual Culprit" (crash-looping pods, CNI thrash, kernel panic, `kernel.panic=10`, and K3s starts again).
 *
 * @param options.worker the worker that is the host, from 1
 */
export function rebootLoop(distribution: Distribution, options: { readonly worker: number }): Fault {
  const { kubectl } = distribution.commands;
  const node = { worker: options.worker };
  const release = (value: string): string =>
    `${kubectl} -n apps set env deployment/openwebui deployment/quartz-vault RELEASE${value}`;
  return {
    id: 'reboot-loop',
    title: 'Crash-looping pods make the host panic, and it restarts',
    source: 'postmortem 000, "The Actual Culprit: K3s"',
    fidelity: 'emulated',
    params: { node: `worker ${options.worker}` },
    targets: node,
    prepare: [
      act(
        'see that the sound release is there, and stays the way back',
        'control-plane',
        `${kubectl} -n apps wait --for=condition=Available deployment/openwebui deployment/quartz-vault --timeout=10s`,
      ),
    ],
    inject: [act('a release that crashes', 'control-plane', release('=broken'))],
    witness: [
      {
        name: 'the host was started twice since',
        on: node,
        command: reboots,
        expect: '^([2-9]|\\d\\d+) reboots$',
      },
      {
        name: 'sandboxes were made by the dozen in the minute before it',
        on: node,
        command: [
          'last=$(tail -n 1 /var/log/boots | cut -d " " -f 1)',
          `echo "$(${distribution.logsBetween('runtime', '$((last - 75))', '$((last - 1))')} | grep -cE ` +
            `'${sandboxRequest('apps')}') sandboxes"`,
        ].join('\n'),
        expect: '^(1[2-9]|[2-9]\\d|\\d{3,}) sandboxes$',
      },
    ],
    witnessDeadlineMs: minutes(5),
    notYet: [
      {
        name: 'the host was not started again yet',
        on: node,
        command: reboots,
        expect: '^0 reboots$',
      },
    ],
    undo: [
      onPanic('the host stays down after a panic', node, 'halt'),
      act('the sound release again', 'control-plane', release('-')),
      reboot('start the host', node, seconds(60)),
      act(
        'start Kubernetes on it',
        node,
        [
          'rm -rf /etc/systemd/system/swarm-gateway.service.d',
          'systemctl daemon-reload',
          `systemctl enable --now ${distribution.units('runtime', 'kubelet')}`,
          'systemctl restart swarm-gateway',
        ].join('\n'),
      ),
      act(
        'eight pods of each',
        'control-plane',
        `${kubectl} -n apps scale deployment openwebui quartz-vault --replicas=8`,
      ),
      until(
        'wait for them',
        'control-plane',
        `${kubectl} -n apps wait --for=condition=Available deployment --all --timeout=5s`,
        seconds(120),
      ),
      onPanic('the host starts itself again after a panic', node, 'reboot'),
    ],
  };
}
