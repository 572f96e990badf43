import { nodeCheck } from '../harness/detectors/node-check.ts';
import { livenessReadiness } from '../harness/detectors/liveness-readiness.ts';
import { nodeNotReady } from '../harness/detectors/node-not-ready.ts';
import { podsNotRunning } from '../harness/detectors/pods-not-running.ts';
import { probeFailing } from '../harness/detectors/probe-failing.ts';
import { restartCount } from '../harness/detectors/restart-count.ts';
import { podNetworkWarnings, warningEvents } from '../harness/detectors/warning-events.ts';
import { natNotReprogrammed } from '../harness/faults/nat-not-reprogrammed.ts';
import { claimed, defineScenario } from '../harness/model/scenario.ts';
import { minutes, seconds } from '../harness/model/units.ts';
import { rebootNode } from '../harness/runbooks/reboot-node.ts';
import { restartKubelet } from '../harness/runbooks/restart-kubelet.ts';
import { restartNodeAgent } from '../harness/runbooks/restart-node-agent.ts';
import { wait } from '../harness/runbooks/wait.ts';
import { resurrectionProbes } from './support/resurrection.ts';

const node = { worker: 1 } as const;

/** Postmortem 004, its second cause alone: a node on which service addresses lead nowhere. */
export default defineScenario((distribution) => ({
  outage: {
    title: 'Simultaneous 3-Node Reboot Cascade: NAT is not reprogrammed (RC-2)',
    source: 'postmortem 004',
    date: '2026-06-05',
    says: [
      'On one node the DNAT and MASQUERADE rules of services were gone after the reboot.',
      'Its agent ran on with the state of before and wrote nothing.',
      'Connections to service addresses were silently dropped for 4 hours.',
      'All nodes were Ready; no check looked for the rules.',
      "Restarting kubelite restarted the agent's pod, which wrote them again.",
    ],
    undetectedMs: minutes(18),
    recoveryMs: minutes(240),
  },
  fidelity: 'equivalent',
  differences: [
    'kube-proxy with iptables stands for Calico Felix; it is frozen by a signal where Felix was stuck',
    'the rules are emptied by hand; in the postmortem a reboot had',
  ],
  cluster: { workers: 2, workload: 'resurrection' },
  probes: resurrectionProbes(),
  breaks: ['new-connection', 'dns'],
  keeps: ['api-read', 'api-write', 'pod-start', 'bystander'],
  fault: natNotReprogrammed(distribution, { node }),
  rightAlerts: [],
  detectors: [
    nodeCheck(distribution, 'check_dnat_rules'),
    probeFailing({ sli: 'new-connection', streak: 3 }),
    livenessReadiness(),
    podsNotRunning(),
    restartCount({ over: 10, scope: 'cluster' }),
    nodeNotReady(),
    warningEvents({ expects: podNetworkWarnings }),
  ],
  runbooks: [
    claimed(wait(), 'does-not-recover', '4 hours passed and no rules were written'),
    claimed(
      restartKubelet(distribution, { on: node }),
      'unknown',
      "restarting kubelite did, for it restarted the agent's pod",
    ),
    claimed(restartNodeAgent(distribution), 'recovers', 'Felix requires a fresh start'),
    claimed(rebootNode(distribution, { on: node }), 'unknown', 'not tried: a reboot had started it'),
  ],
  horizonMs: { stock: minutes(10), fast: seconds(135) },
}));
