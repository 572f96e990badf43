import { nodeCheck } from '../harness/detectors/node-check.ts';
import { nodeNotReady } from '../harness/detectors/node-not-ready.ts';
import { podsNotRunning } from '../harness/detectors/pods-not-running.ts';
import { probeFailing } from '../harness/detectors/probe-failing.ts';
import { podNetworkWarnings, warningEvents } from '../harness/detectors/warning-events.ts';
import { nodeLost } from '../harness/faults/node-lost.ts';
import { act, until } from '../harness/model/define.ts';
import { claimed, defineScenario } from '../harness/model/scenario.ts';
import { minutes, seconds } from '../harness/model/units.ts';
import { restartCoredns } from '../harness/runbooks/restart-coredns.ts';
import { scaleCoredns2Antiaffinity } from '../harness/runbooks/scale-coredns-2-antiaffinity.ts';
import { scaleCoredns2 } from '../harness/runbooks/scale-coredns-2.ts';
import { wait } from '../harness/runbooks/wait.ts';
import { everyPodReady, oneCorednsOn } from './support/one-coredns.ts';
import { resurrectionProbes } from './support/resurrection.ts';

const dnsNode = 'node=$(echo $WORKERS | cut -d " " -f 3)';

/** Postmortem 004, "CoreDNS was a SPOF": one CoreDNS, and the node that it is on goes away. */
export default defineScenario((distribution) => ({
  outage: {
    title: 'Simultaneous 3-Node Reboot Cascade: the one CoreDNS goes with its node',
    source: 'postmortem 004',
    date: '2026-06-05',
    says: [
      'One CoreDNS on one node: a reboot of that node drops DNS for the whole cluster.',
      'No check counted its replicas; no anti-affinity was set.',
      'Scaling it to two on two nodes closed the gap.',
    ],
    undetectedMs: minutes(27),
    recoveryMs: minutes(93),
  },
  fidelity: 'real',
  differences: [
    'the node stays away for the whole trial, so nothing recovers fully; in the postmortem it came back with the two others',
    'nothing else runs on that node, so that what is measured is DNS',
  ],
  cluster: { workers: 3, workload: 'resurrection' },
  setup: [
    act(
      'move everything away from the third worker',
      'workstation',
      `${dnsNode}\nkubectl cordon "$node"\nkubectl delete pods -A -l app --field-selector "spec.nodeName=$node" --wait=false`,
    ),
    oneCorednsOn(3),
    until('wait until everything is ready', 'workstation', everyPodReady, seconds(90)),
  ],
  probes: resurrectionProbes({ canaries: 'anywhere' }),
  breaks: ['dns', 'service-to-service'],
  keeps: ['api-read', 'api-write', 'database', 'bystander'],
  fault: nodeLost(distribution, { worker: 3 }),
  rightAlerts: [{ alertname: 'CoreDNSSingleReplica' }, { alertname: 'CoreDNSDown' }],
  detectors: [
    nodeCheck(distribution, 'check_coredns_replicas'),
    nodeNotReady(),
    podsNotRunning(),
    probeFailing({ sli: 'dns', streak: 3 }),
    warningEvents({ expects: podNetworkWarnings }),
  ],
  runbooks: [
    claimed(wait(), 'does-not-recover', 'DNS is gone as long as the node is'),
    claimed(restartCoredns(), 'unknown', 'not tried'),
    claimed(scaleCoredns2(), 'recovers', 'closed the single point of failure'),
    claimed(scaleCoredns2Antiaffinity(), 'recovers', 'the action item: never two on one node'),
  ],
  horizonMs: { stock: minutes(10), fast: seconds(120) },
}));
