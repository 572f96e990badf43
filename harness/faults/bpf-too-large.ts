import { firmware, grownEntries, installFirmware } from '../model/commands.ts';
import { act, look, reboot, until } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Fault } from '../model/fault.ts';
import { seconds } from '../model/units.ts';
import { keptBy } from './support/kept-by.ts';

const kept = keptBy('bpf-too-large');

/** For a node: what the agent said since the node's boot of a program that the kernel refused, its last time. */
const refusal = [
  'since=$(date -u -d "@$(($(date +%s) - $(ps -o etimes= -p 1)))" +%Y-%m-%dT%H:%M:%S)',
  // The runtime writes UTC here: comparing text does.
  "cat /var/log/pods/kube-flannel_kube-flannel-ds-*/datapath/*.log 2>/dev/null | awk -v since=\"$since\" '$1 >= since' | grep -o 'BPF program is too large. Processed [0-9]* insn' | tail -n 1",
].join('\n');

/**
 * A host update that nobody fears (linux-firmware), on every node, and a rolling reboot that stops short of the last zone: on
 * each node that has been rebooted the network's agent builds its eBPF program for what the firmware announces now, and the kernel
 * refuses it: `BPF program is too large. Processed 1000001 insn`. The refusal is the kernel's own; that the firmware makes
 * the program grow is ours, for the postmortem does not know why it grew.
 *
 * Needs the agent that scenario `bpf-too-large` sets up, which installs the CNI configuration only when its program is loaded.
 *
 * Source: postmortem 001 ("Finally, networking pods started spewing out 'BPF program is too large.'").
 */
export function bpfTooLarge(distribution: Distribution): Fault {
  const { kubectl } = distribution.commands;
  const { conflist } = distribution.paths.cni;
  const untilKubeletRuns = (name: string, worker: number) =>
    until(name, { worker }, distribution.runs('kubelet'), seconds(60));
  return {
    id: 'bpf-too-large',
    title: "A firmware update makes the datapath's BPF program too large for the kernel",
    source: 'postmortem 001, "Linux Kernel: A Single Point of Failure"',
    fidelity: 'emulated',
    params: { entries: grownEntries },
    requires: [{ daemonSet: 'network' }],
    targets: 'workers',
    prepare: [act('keep what the undo puts back', 'nodes', `mkdir -p ${kept} && cp -a ${firmware} ${kept}/firmware`)],
    inject: [
      act('upgrade the hosts', 'nodes', installFirmware(grownEntries), {
        standsFor: 'apt-get upgrade # linux-firmware',
      }),
      reboot('reboot the first zone', { worker: 1 }, seconds(60)),
      untilKubeletRuns('its kubelet runs', 1),
      look('see nothing wrong, for everything still runs in the other two', 'control-plane', 'sleep 10'),
      reboot('reboot the second', { worker: 2 }, seconds(60)),
      untilKubeletRuns('its kubelet runs, too', 2),
    ],
    witness: [
      {
        name: 'the kernel refuses the program, since the reboot',
        on: 'workers',
        command: `${refusal} || true`,
        expect: '^BPF program is too large\\. Processed \\d+ insn$',
      },
      {
        name: 'no CNI configuration',
        on: 'workers',
        command: `[ -e ${conflist} ] && echo there || echo none`,
        expect: '^none$',
      },
      {
        name: 'the zone that was not rebooted is as it was',
        on: 'control-plane',
        command: `said=$(${refusal} || true)\n[ -z "$said" ] && [ -e ${conflist} ] && echo untouched || echo "touched: $said"`,
        expect: '^untouched$',
      },
    ],
    witnessDeadlineMs: seconds(90),
    undo: [
      act('put the firmware back', 'nodes', `cp -a ${kept}/firmware ${firmware}`),
      act(
        'start the agents at once',
        'control-plane',
        `${kubectl} -n kube-flannel delete pods -l app=flannel --field-selector "spec.nodeName!=$(hostname)" --wait=false`,
      ),
      until('the CNI configuration is back', 'workers', `test -e ${conflist}`, seconds(90)),
      until(
        'the nodes are Ready',
        'control-plane',
        `${kubectl} wait --for=condition=Ready nodes --all --timeout=5s`,
        seconds(60),
      ),
    ],
  };
}
