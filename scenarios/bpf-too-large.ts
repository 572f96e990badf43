import { agentLog } from '../harness/detectors/agent-log.ts';
import { livenessReadiness } from '../harness/detectors/liveness-readiness.ts';
import { nodeNotReady } from '../harness/detectors/node-not-ready.ts';
import { podsNotRunning } from '../harness/detectors/pods-not-running.ts';
import { probeFailing } from '../harness/detectors/probe-failing.ts';
import { restartCount } from '../harness/detectors/restart-count.ts';
import { podNetworkWarnings, warningEvents } from '../harness/detectors/warning-events.ts';
import { bpfTooLarge } from '../harness/faults/bpf-too-large.ts';
import { claimed, defineScenario } from '../harness/model/scenario.ts';
import { minutes, seconds } from '../harness/model/units.ts';
import { canaryHost } from '../harness/runbooks/canary-host.ts';
import { deleteWebhooks } from '../harness/runbooks/delete-webhooks.ts';
import { rebootNode } from '../harness/runbooks/reboot-node.ts';
import { restartCoredns } from '../harness/runbooks/restart-coredns.ts';
import { rollbackFirmware } from '../harness/runbooks/rollback-firmware.ts';
import { upgradeDatapath } from '../harness/runbooks/upgrade-datapath.ts';
import { wait } from '../harness/runbooks/wait.ts';
import { datapathAgent } from './support/datapath.ts';
import { policyWebhook } from './support/policy-webhook.ts';
import { resurrectionProbes } from './support/resurrection.ts';

/** Postmortem 001: after a host update and a rolling reboot the kernel refuses the network's BPF program. */
export default defineScenario((distribution) => ({
  outage: {
    title: 'Linux Kernel: A Single Point of Failure',
    source: 'postmortem 001',
    date: 'undated',
    says: [
      'A linux-firmware update, then a rolling reboot; an entire zone was down and was almost not noticed.',
      'Everything was still running in the other two zones; it stopped short of rebooting the last.',
      'DNS was totally and utterly not working.',
      'Validating webhooks were unreachable, and were deleted.',
      'At last the networking pods said "BPF program is too large."',
      'A Cilium update fixed it, or began a long road to recovery.',
      'An all-day affair; 24 hours of downtime.',
    ],
    undetectedMs: minutes(0),
    recoveryMs: minutes(24 * 60),
  },
  fidelity: 'emulated',
  differences: [
    'the kernel itself refuses the program; that a firmware announces more entries and makes its loop longer is ours: the postmortem does not know why it grew',
    "the agent is flannel with a container before it that loads the program and lets it go; flannel's vxlan carries the packets, where Cilium's programs do",
    'a booting node has no CNI configuration until its agent brings it; Cilium leaves its file and its plugin refuses while the agent is down',
    'a version of that container is a variable: 1.1 never builds the program for more than 4,096 entries; it stands for the Cilium update',
    'the webhook reviews nothing but what the api-write probe writes, by openssl and perl of the node on which its pod runs',
    'nodes are rebooted by a power cut, 10 s apart, and CoreDNS runs in the two zones that are; there is no replicated volume service (Longhorn)',
  ],
  cluster: { workers: 2, workload: 'resurrection' },
  setup: [...datapathAgent(distribution), ...policyWebhook(distribution)],
  probes: resurrectionProbes(),
  breaks: ['new-connection', 'dns', 'service-to-service', 'api-write', 'pod-start'],
  keeps: ['api-read', 'bystander'],
  fault: bpfTooLarge(distribution),
  rightAlerts: [
    { alertname: 'KubePodCrashLooping', labels: { namespace: 'kube-flannel' } },
    { alertname: 'KubeDaemonSetRolloutStuck', labels: { namespace: 'kube-flannel' } },
  ],
  detectors: [
    agentLog(),
    nodeNotReady(),
    podsNotRunning(),
    restartCount({ over: 10 }),
    restartCount({ over: 10, scope: 'cluster' }),
    livenessReadiness(),
    probeFailing({ sli: 'new-connection', streak: 3 }),
    warningEvents({ expects: podNetworkWarnings }),
  ],
  runbooks: [
    claimed(wait(), 'does-not-recover', 'a day passed; nothing healed by itself'),
    claimed(restartCoredns(), 'unknown', 'not told; names were what it looked like'),
    claimed(deleteWebhooks(), 'does-not-recover', 'writes come back, the network does not'),
    claimed(rebootNode(distribution, { on: 'workers' }), 'unknown', 'not mentioned; a reboot had started it'),
    claimed(rollbackFirmware(distribution), 'unknown', 'not tried; it was the one thing that had changed'),
    claimed(
      canaryHost(distribution, { canary: { worker: 1 }, next: { worker: 2 } }),
      'recovers',
      'what will be done from now on: one host, its networking verified, automatically',
    ),
    claimed(upgradeDatapath(distribution), 'recovers', 'fix: "Thank God that fixes my issue"'),
  ],
  horizonMs: { stock: minutes(12), fast: seconds(240) },
}));
