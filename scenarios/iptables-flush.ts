import { nodeCheck } from '../harness/detectors/node-check.ts';
import { livenessReadiness } from '../harness/detectors/liveness-readiness.ts';
import { nodeNotReady } from '../harness/detectors/node-not-ready.ts';
import { podsNotRunning } from '../harness/detectors/pods-not-running.ts';
import { probeFailing } from '../harness/detectors/probe-failing.ts';
import { restartCount } from '../harness/detectors/restart-count.ts';
import { podNetworkWarnings, warningEvents } from '../harness/detectors/warning-events.ts';
import { iptablesFlush } from '../harness/faults/iptables-flush.ts';
import { claimed, defineScenario } from '../harness/model/scenario.ts';
import { minutes, seconds } from '../harness/model/units.ts';
import { ssh } from '../harness/probes/ssh.ts';
import { killall } from '../harness/runbooks/killall.ts';
import { rebootNode } from '../harness/runbooks/reboot-node.ts';
import { resetFirewall } from '../harness/runbooks/reset-firewall.ts';
import { resetFirewallAndKillall } from '../harness/runbooks/reset-firewall-and-killall.ts';
import { restartNodeAgent } from '../harness/runbooks/restart-node-agent.ts';
import { wait } from '../harness/runbooks/wait.ts';
import { firewalledHost } from './support/host-firewall.ts';
import { resurrectionProbes } from './support/resurrection.ts';

const node = { worker: 1 } as const;

/** Postmortem 003, "Getting locked-out": the command of an issue's comment, typed over ssh. */
export default defineScenario((distribution) => ({
  outage: {
    title: 'Apparently as many things as possible: iptables -F, and locked out',
    source: 'postmortem 003',
    date: 'undated',
    says: [
      'iptables -F froze the ssh session: the machine could not be reached any more.',
      'The serial console could; after the firewall was reset, ssh was back.',
      'The network of the containers was still down, and a reboot did not help.',
      "k3s' killall script reset containers and network, and all became green.",
    ],
    undetectedMs: minutes(0),
    recoveryMs: minutes(60),
  },
  fidelity: 'real',
  differences: [
    'a small script with the rules that ufw would write stands for ufw, and what greets on port 22 for an ssh server',
    'the rest of the comment (-t nat -F) is typed in the same breath; in the postmortem it was typed at the console a while later',
    'the container network was broken before, by the outage that the postmortem began with; here it works until then',
    'one worker of two is the machine; in the postmortem it was the master',
  ],
  // The host's firewall and its SSH server are units.
  requires: [{ init: 'systemd' }],
  cluster: { workers: 2, workload: 'resurrection' },
  setup: firewalledHost(distribution, node),
  probes: [ssh(), ...resurrectionProbes()],
  breaks: ['ssh', 'new-connection', 'pod-start'],
  keeps: ['api-read', 'api-write', 'bystander'],
  fault: iptablesFlush(distribution, { node }),
  rightAlerts: [],
  detectors: [
    probeFailing({ sli: 'ssh', streak: 3 }),
    nodeCheck(distribution, 'check_dnat_rules'),
    nodeNotReady(),
    podsNotRunning(),
    livenessReadiness(),
    restartCount({ over: 10, scope: 'cluster' }),
    warningEvents({ expects: podNetworkWarnings }),
  ],
  runbooks: [
    claimed(wait(), 'does-not-recover', 'not tried: the machine could not be reached'),
    claimed(resetFirewall({ on: node }), 'does-not-recover', 'ssh was back, the network of the containers was not'),
    claimed(restartNodeAgent(distribution), 'unknown', 'not tried'),
    claimed(
      rebootNode(distribution, { on: node }),
      'does-not-recover',
      'containers were simply not working as expected',
    ),
    claimed(killall(distribution, { on: node }), 'unknown', 'in the postmortem it came after the firewall was reset'),
    claimed(resetFirewallAndKillall(distribution, { on: node }), 'recovers', "it's all becoming green again"),
  ],
  horizonMs: { stock: minutes(10), fast: seconds(150) },
}));
