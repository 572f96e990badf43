import { cniWipe } from '../../harness/faults/cni-wipe.ts';
import { claimed, type Scenario } from '../../harness/model/scenario.ts';
import type { Distribution } from '../../harness/model/distribution.ts';
import { minutes, seconds } from '../../harness/model/units.ts';
import { canaryUpdate } from '../../harness/runbooks/canary-update.ts';
import { killall } from '../../harness/runbooks/killall.ts';
import { nuclear } from '../../harness/runbooks/nuclear.ts';
import { restartCniAgent } from '../../harness/runbooks/restart-cni-agent.ts';
import { restartCoredns } from '../../harness/runbooks/restart-coredns.ts';
import { restartPods } from '../../harness/runbooks/restart-pods.ts';
import { restoreCniAndPods } from '../../harness/runbooks/restore-cni-and-pods.ts';
import { restoreCni } from '../../harness/runbooks/restore-cni.ts';
import { wait } from '../../harness/runbooks/wait.ts';
import { resurrectionDetectors, resurrectionProbes, services } from './resurrection.ts';

/** Where manifests/resurrection keeps the 1,133 documents. */
const documents = {
  namespace: 'chromadb',
  pod: 'chromadb-0',
  database: 'chromadb',
  user: 'chromadb',
  volume: '/var/local/firedrill/chromadb',
};

/**
 * Postmortem 002: an update that failed half-way took the CNI away, and nobody noticed for two days.
 *
 * @param options.plugins whether it took the plug-ins, too, or the configuration alone
 */
export const failedUpdate = (
  distribution: Distribution,
  { plugins }: { readonly plugins: boolean },
): Omit<Scenario, 'differences'> => ({
  outage: {
    title: 'When Everything Crashes: The K3s Resurrection',
    source: 'postmortem 002',
    date: '2025-10-05',
    says: [
      'A failed update wiped the CNI configuration; networking was restarted.',
      'The node stayed Ready while every pod crash-looped: 6,812 restarts.',
      'DNS was broken; CoreDNS crash-looped on a detected loop.',
      'Unnoticed for two days: no alert was configured.',
      'Liveness and readiness probes would have caught it within 30 s.',
      'The nuclear option took 8 hours and lost 0 of 1,133 documents.',
    ],
    undetectedMs: minutes(2 * 24 * 60),
    recoveryMs: minutes(8 * 60),
  },
  fidelity: 'real',
  cluster: { workers: 2, workload: 'resurrection' },
  probes: resurrectionProbes(),
  // The configuration alone is written again as soon as flannel has lost its device: new pods start, those that were there stay cut off.
  breaks: [...(plugins ? ['pod-start'] : []), 'dns', 'service-to-service'],
  keeps: ['api-read', 'api-write', 'bystander'],
  fault: cniWipe(distribution, { nodes: 'workers', plugins }),
  detectors: resurrectionDetectors('new-connection'),
  runbooks: [
    claimed(wait(), 'does-not-recover', 'two days passed and nothing healed'),
    claimed(
      restartPods({ namespaces: services }),
      'does-not-recover',
      'the kubelet restarted them 6,812 times to no avail',
    ),
    claimed(restartCoredns(), 'does-not-recover', 'CoreDNS had restarted 892 times to no avail'),
    claimed(restoreCni(distribution), 'unknown', 'considered and not tried: "Risk: Unknown what else was corrupted"'),
    claimed(
      restoreCniAndPods(distribution),
      'recovers',
      'not tried: the postmortem stopped at "Unknown what else was corrupted"',
    ),
    claimed(restartCniAgent(distribution), 'unknown', 'not tried'),
    claimed(killall(distribution, { on: 'workers' }), 'unknown', 'not tried alone: the uninstall script began with it'),
    claimed(
      canaryUpdate(distribution, {
        canary: { worker: 1 },
        update: cniWipe(distribution, { nodes: { worker: 1 }, plugins }).inject,
        others: cniWipe(distribution, { nodes: { worker: 2 }, plugins }).inject,
      }),
      'recovers',
      'not tried: there was one node',
    ),
    claimed(nuclear(distribution, { documents }), 'recovers', 'fix: 8 hours, 0 of 1,133 documents lost'),
  ],
  // A kubelet without a network says so in its node's condition.
  rightAlerts: ['worker', 'worker2'].map((node) => ({ alertname: 'KubeNodeNotReady', labels: { node } })),
  horizonMs: { stock: minutes(10), fast: seconds(135) },
});

/** What is otherwise than in the postmortem, whatever was taken. */
export const updateDifferences = (distribution: Distribution): readonly string[] => [
  ...(distribution.components.network.by === 'daemon-set'
    ? ['kubeadm-built nodes with flannel as a daemon set, where k3s has flannel inside its own process']
    : []),
  'two of three nodes are hit, so that a bystander on the third can be watched; the postmortem had one node',
  'small HTTP services and a PostgreSQL with 1,133 documents stand for the AI services and ChromaDB',
];
