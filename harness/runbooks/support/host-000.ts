import { sandboxRequest } from '../../model/commands.ts';
import { act, look, until } from '../../model/define.ts';
import type { Distribution } from '../../model/distribution.ts';
import type { NodeSelector, Step } from '../../model/step.ts';
import { seconds } from '../../model/units.ts';

/** A person tries ssh again and again between two reboots; on a machine whose kernel has panicked nobody gets in. */
export const connectToHost = (on: NodeSelector): Step =>
  until('get onto the machine', on, '! [ -e /run/panicked ] && ps -o etime= -p 1', seconds(90), {
    standsFor: 'ssh, again and again',
  });

/** Where the unit's hardening goes. */
const dropIn = '/etc/systemd/system/swarm-gateway.service.d/10-harden.conf';

/** Source: postmortem 000, fix 3, word by word. */
export const hardenGatewayStep = (name: string, on: NodeSelector): Step =>
  act(
    name,
    on,
    [
      `mkdir -p "$(dirname ${dropIn})"`,
      `cat > ${dropIn} <<'UNIT'`,
      '[Unit]',
      'StartLimitBurst=10',
      '[Service]',
      'Restart=always',
      'RestartSec=10',
      'TimeoutStartSec=30',
      'UNIT',
      'systemctl daemon-reload',
      'systemctl restart swarm-gateway',
    ].join('\n'),
  );

/** Source: postmortem 000, fix 2. */
export const stopKubernetesStep = (distribution: Distribution, name: string, on: NodeSelector): Step =>
  act(name, on, `systemctl disable --now ${distribution.units('kubelet', 'runtime')}`, {
    destroys: 'every pod of this host, at its next boot at the latest',
    standsFor: 'systemctl stop k3s; systemctl disable k3s',
  });

/** The instant of the machine's last start, in seconds since the epoch. */
const lastBoot = 'last=$(tail -n 1 /var/log/boots | cut -d " " -f 1)';

/** Whoever asked for a sandbox in the minute before the last boot, one name of a pod's owner a line. */
const sandboxesOf = (distribution: Distribution): string =>
  [
    distribution.logsBetween('runtime', '$((last - 75))', '$((last - 1))'),
    `sed -nE 's/.*${sandboxRequest()}/\\2/p'`,
    "sed -E 's/(-[a-z0-9]+){2}$//'",
  ].join(' | ');

/**
 * The collector in the postmortem's order (`-m`, for a node in a container gets another machine's name at each boot), and what it points to. The gateway is guilty if its own code could have rebooted the machine,
 * the pods are if their sandboxes came by the dozen right before; a crash report says who died, not who did it.
 *
 * Source: postmortem 000, "Check Logs Before Blaming Your Code" and "Blame Assignment".
 */
export const lookForTheCulprit = (distribution: Distribution, on: NodeSelector): readonly Step[] => [
  look('1: how long has it been up?', on, 'ps -o etime= -p 1', { standsFor: 'uptime' }),
  look('2: what is the pattern?', on, 'tail -n 6 /var/log/boots', { standsFor: 'last reboot' }),
  look(
    '3: what happened before the last reboot?',
    on,
    `${lastBoot}\njournalctl -q -m --no-pager -o short-iso --since "@$((last - 75))" --until "@$((last - 1))" | grep -v RunPodSandbox | tail -n 6 | cut -c 1-200`,
    { standsFor: 'journalctl -b -1' },
  ),
  look(
    '4: what does the kernel say?',
    on,
    'journalctl -q -m --no-pager -u kernel-stand-in -o short-iso | grep panic | tail -n 3',
    {
      standsFor: 'dmesg',
    },
  ),
  look('5: who left a crash report?', on, 'cd /var/crash && for file in *; do echo "$file:"; cat "$file"; done'),
  look(
    'the verdict',
    on,
    [
      lastBoot,
      `made=$(${sandboxesOf(distribution)} | sort | uniq -c | sort -rn)`,
      'count=$(echo "$made" | awk \'{ sum += $1 } END { print sum + 0 }\')',
      'who=$(echo "$made" | awk \'NR <= 2 { print $2 " (" $1 ")" }\' | paste -sd , | sed \'s/,/, /\')',
      'own=$(cat /opt/build-swarm/bin/* /etc/systemd/system/swarm-gateway.service | grep -cE "reboot|shutdown|poweroff|FailureAction" || true)',
      'if [ "$own" -gt 0 ]; then culprit="swarm-gateway, which can reboot the machine"',
      'elif [ "$count" -ge 20 ]; then culprit="pods of $who: $count sandboxes in the minute before the last reboot"',
      'else culprit="unknown: nothing rebooted it, and only $count sandboxes were made before"; fi',
      'killed=$(journalctl -q -m --no-pager -u swarm-gateway -o cat | grep -c "code=killed" || true)',
      'echo "culprit: $culprit; swarm-gateway: $own reboot commands of its own, killed by a signal $killed times"',
    ].join('\n'),
    { finding: true },
  ),
];
