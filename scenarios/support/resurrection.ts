import { corednsFatal } from '../../harness/detectors/coredns-fatal.ts';
import { livenessReadiness } from '../../harness/detectors/liveness-readiness.ts';
import { nodeNotReady } from '../../harness/detectors/node-not-ready.ts';
import { podsNotRunning } from '../../harness/detectors/pods-not-running.ts';
import { probeFailing } from '../../harness/detectors/probe-failing.ts';
import { restartCount } from '../../harness/detectors/restart-count.ts';
import { podNetworkWarnings, warningEvents } from '../../harness/detectors/warning-events.ts';
import { apiRead } from '../../harness/probes/api-read.ts';
import { apiWrite } from '../../harness/probes/api-write.ts';
import { bystander } from '../../harness/probes/bystander.ts';
import { database } from '../../harness/probes/database.ts';
import { dns } from '../../harness/probes/dns.ts';
import { existingConnection } from '../../harness/probes/existing-connection.ts';
import { newConnection } from '../../harness/probes/new-connection.ts';
import { podStart } from '../../harness/probes/pod-start.ts';
import { serviceToService } from '../../harness/probes/service-to-service.ts';
import type { Detector } from '../../harness/model/detector.ts';
import type { Probe } from '../../harness/model/probe.ts';
import type { Millis } from '../../harness/model/units.ts';

/** Namespaces of the services in manifests/resurrection. */
export const services: readonly string[] = ['convocanvas', 'librechat', 'ollama', 'chromadb', 'monitoring'];

/**
 * Every service level indicator of that workload: what its users, its operators and a bystander see.
 * @param options.canaries `anywhere` where the outage takes a node away for good: nobody can start a pod there
 * @param options.databaseMs how often the database is asked, where its outage is over too soon for the default
 */
export function resurrectionProbes(
  options: { readonly canaries?: 'in-turn' | 'anywhere'; readonly databaseMs?: Millis } = {},
): readonly Probe[] {
  return [
    newConnection(),
    existingConnection(),
    dns(),
    serviceToService(),
    apiRead(),
    apiWrite(),
    podStart({ on: options.canaries ?? 'in-turn' }),
    database(options.databaseMs === undefined ? {} : { periodMs: options.databaseMs }),
    bystander(),
  ];
}

/** All SLIs of that workload but those named: what a postmortem says kept working where it says that all else did. */
export function allSlisBut(...broken: readonly string[]): readonly string[] {
  return resurrectionProbes().flatMap(({ sli }) => (broken.includes(sli) ? [] : [sli]));
}

/** Every alert that is compared on that workload; `sli` is what the synthetic check asks for. */
export function resurrectionDetectors(sli: string): readonly Detector[] {
  return [
    nodeNotReady(),
    restartCount({ over: 10 }),
    restartCount({ over: 10, scope: 'cluster' }),
    podsNotRunning(),
    livenessReadiness(),
    probeFailing({ sli, streak: 3 }),
    warningEvents({ expects: podNetworkWarnings }),
    corednsFatal(),
  ];
}
