import { apiRead } from '../../harness/probes/api-read.ts';
import { apiWrite } from '../../harness/probes/api-write.ts';
import { bystander } from '../../harness/probes/bystander.ts';
import { database } from '../../harness/probes/database.ts';
import { dns } from '../../harness/probes/dns.ts';
import { existingConnection } from '../../harness/probes/existing-connection.ts';
import { newConnection } from '../../harness/probes/new-connection.ts';
import { podStart } from '../../harness/probes/pod-start.ts';
import { serviceToService } from '../../harness/probes/service-to-service.ts';
import type { Probe } from '../../harness/model/probe.ts';

/** Namespaces of the services in manifests/resurrection. */
export const services: readonly string[] = ['convocanvas', 'librechat', 'ollama', 'chromadb', 'monitoring'];

/** Every service level indicator of that workload: what its users, its operators and a bystander see. */
export function resurrectionProbes(): readonly Probe[] {
  return [
    newConnection(),
    existingConnection(),
    dns(),
    serviceToService(),
    apiRead(),
    apiWrite(),
    podStart(),
    database(),
    bystander(),
  ];
}
