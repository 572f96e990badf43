import { nodeCheck } from '../harness/detectors/node-check.ts';
import { crashFile } from '../harness/detectors/crash-file.ts';
import { interfaceChurn } from '../harness/detectors/interface-churn.ts';
import { livenessReadiness } from '../harness/detectors/liveness-readiness.ts';
import { nodeNotReady } from '../harness/detectors/node-not-ready.ts';
import { nodeRebooted } from '../harness/detectors/node-rebooted.ts';
import { podsNotRunning } from '../harness/detectors/pods-not-running.ts';
import { probeFailing } from '../harness/detectors/probe-failing.ts';
import { restartCount } from '../harness/detectors/restart-count.ts';
import { rebootLoop } from '../harness/faults/reboot-loop.ts';
import { claimed, defineScenario } from '../harness/model/scenario.ts';
import { minutes, seconds } from '../harness/model/units.ts';
import { gateway } from '../harness/probes/gateway.ts';
import { findTheCulprit } from '../harness/runbooks/find-the-culprit.ts';
import { hardenGateway } from '../harness/runbooks/harden-gateway.ts';
import { panicHalt } from '../harness/runbooks/panic-halt.ts';
import { restartGateway } from '../harness/runbooks/restart-gateway.ts';
import { scaleDownCrashloopers } from '../harness/runbooks/scale-down-crashloopers.ts';
import { stopKubernetes } from '../harness/runbooks/stop-kubernetes.ts';
import { wait } from '../harness/runbooks/wait.ts';
import { panickingHost } from './support/panicking-host.ts';
import { resurrectionProbes } from './support/resurrection.ts';

const node = { worker: 1 } as const;

/** Postmortem 000: a host that panics, starts itself again, and panics; and the innocent program whose name was on the crash report. */
export default defineScenario((distribution) => ({
  outage: {
    title: 'The reboot loop that blamed the wrong code',
    source: 'postmortem 000',
    date: 'undated, 18:30 to 19:45',
    says: [
      'The host rebooted every one to three minutes for an hour.',
      'The crash report named the gateway; it had not one reboot command in it and was killed with everything else.',
      'Pods that crash-looped made network interfaces come and go hundreds of times a minute, and the kernel panicked.',
      'kernel.panic=10 made a loop of it.',
      'Stopping K3s stabilised the host at once: 7 minutes of uptime, the longest in an hour.',
    ],
    undetectedMs: minutes(15),
    recoveryMs: minutes(75),
  },
  fidelity: 'emulated',
  differences: [
    "a program counts the interfaces and plays the panic, for the kernel is everybody's; when eight were recreated within a minute, and not before 40 s after a start, everything stands still for ten seconds and the node ends",
    'a container that crashes keeps its sandbox, and with it its interface: these pods share their processes and end the sandbox, too',
    'sixteen pods crash-loop; a boot lasts under a minute, not one to three',
    'the host is one worker of two: the API is elsewhere and stays',
    'the journal is read from the last start backwards: a container has no boot of its own that `journalctl -b -1` would know',
    'AppArmor denials and the shortage of memory are not replayed',
  ],
  // The gateway and what stands for the kernel are units, and the journal is read.
  requires: [{ init: 'systemd' }],
  cluster: { workers: 2, workload: 'resurrection' },
  setup: panickingHost(distribution, node),
  probes: [gateway(), ...resurrectionProbes({ canaries: 'anywhere' })],
  breaks: ['gateway'],
  keeps: ['api-read', 'api-write', 'bystander'],
  fault: rebootLoop(distribution, node),
  rightAlerts: [{ alertname: 'NodeRebootLoop' }, { alertname: 'NodeRebooted' }],
  detectors: [
    nodeRebooted(),
    interfaceChurn(),
    crashFile(),
    probeFailing({ sli: 'gateway', streak: 3 }),
    nodeCheck(distribution, 'check_sandbox_changed'),
    nodeNotReady(),
    podsNotRunning(),
    livenessReadiness(),
    restartCount({ over: 10, scope: 'cluster' }),
  ],
  runbooks: [
    claimed(wait(), 'does-not-recover', 'the system will happily reboot forever until someone notices'),
    claimed(restartGateway({ on: node }), 'does-not-recover', 'my code was a victim: useless'),
    claimed(hardenGateway({ on: node }), 'does-not-recover', 'survives instability better; it was not causing reboots'),
    claimed(panicHalt({ on: node }), 'does-not-recover', 'the loop ends: it halts until somebody starts it'),
    claimed(stopKubernetes(distribution, { on: node }), 'recovers', 'immediately stabilized'),
    claimed(scaleDownCrashloopers(), 'unknown', 'not tried'),
    claimed(findTheCulprit(distribution, { on: node }), 'recovers', 'resolved; 99.9 % uptime for the next 12 hours'),
  ],
  // Between two panics the gateway is well for 40 s, on a slow machine for over a minute: what is to count as restored must outlast that.
  holdMs: { stock: minutes(2), fast: seconds(90) },
  horizonMs: { stock: minutes(12), fast: minutes(6) },
}));
