import { corednsLoop } from '../harness/faults/coredns-loop.ts';
import { claimed, defineScenario } from '../harness/model/scenario.ts';
import { minutes, seconds } from '../harness/model/units.ts';
import { restartCoredns } from '../harness/runbooks/restart-coredns.ts';
import { restartPods } from '../harness/runbooks/restart-pods.ts';
import { restoreResolver } from '../harness/runbooks/restore-resolver.ts';
import { wait } from '../harness/runbooks/wait.ts';
import { resurrectionDetectors, resurrectionProbes, services } from './support/resurrection.ts';

/** Postmortem 002, the line in CoreDNS' log: a resolver that points at itself, and the plugin that dies rather than loop. */
export default defineScenario((distribution) => ({
  outage: {
    title: 'When Everything Crashes: CoreDNS detects a loop',
    source: 'postmortem 002',
    date: '2025-10-05',
    says: [
      'CoreDNS was in CrashLoopBackOff: 892 restarts.',
      '[FATAL] plugin/loop: Loop (127.0.0.1:53 -> :53) detected for zone "."',
      'Services could not resolve each other and crash-looped.',
    ],
    undetectedMs: minutes(2 * 24 * 60),
    recoveryMs: minutes(8 * 60),
  },
  fidelity: 'real',
  differences: [
    'the resolver is rewritten on purpose; the postmortem does not say what had put loopback there',
    'only DNS is broken here: the postmortem had this together with the missing CNI (scenario cni-wipe)',
  ],
  cluster: { workers: 2, workload: 'resurrection' },
  probes: resurrectionProbes(),
  breaks: ['dns'],
  keeps: ['api-read', 'api-write', 'pod-start', 'existing-connection', 'bystander'],
  fault: corednsLoop(distribution),
  rightAlerts: [{ alertname: 'CoreDNSDown' }, { alertname: 'KubePodCrashLooping', labels: { container: 'coredns' } }],
  detectors: resurrectionDetectors('dns'),
  runbooks: [
    claimed(wait(), 'does-not-recover', 'two days passed and nothing healed'),
    claimed(
      restartPods({ namespaces: services }),
      'does-not-recover',
      'the kubelet restarted them 6,812 times to no avail',
    ),
    claimed(restartCoredns(), 'does-not-recover', 'CoreDNS had restarted 892 times to no avail'),
    claimed(restoreResolver(), 'recovers', "the fix in CoreDNS' manual"),
  ],
  horizonMs: { stock: minutes(10), fast: seconds(135) },
}));
