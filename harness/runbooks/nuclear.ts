import { act, look, reboot, until } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Runbook } from '../model/runbook.ts';
import { seconds } from '../model/units.ts';

export interface NuclearOptions {
  /** Namespaces in the order in which they are deployed again. */
  readonly documents: {
    readonly namespace: string;
    readonly pod: string;
    readonly database: string;
    readonly user: string;
    /** Folder on the node that holds the volume; the uninstall takes it along, as k3s' does with its local storage. */
    readonly volume: string;
  };
}

/** The folder of a folder, with its slash. */
const parent = (folder: string): string => folder.replace(/[^/]+$/, '');

/**
 * "Option 2: Nuclear option": back everything up, tear the cluster down, flush the firewall, reboot, install again, deploy
 * again, restore the documents. kubeadm's commands stand for k3s' uninstall and install scripts.
 * Source: postmortem 002, "The Teardown" and "The Rebuild" (8 hours, 0 of 1,133 documents lost).
 */
export function nuclear(distribution: Distribution, { documents }: NuclearOptions): Runbook {
  const { install, links, paths, uninstall } = distribution;
  const { plugins, configuration } = paths.cni;
  const exec = `kubectl -n ${documents.namespace} exec ${documents.pod} --`;
  const sql = (query: string) => `${exec} psql -U ${documents.user} -d ${documents.database} -Atc '${query}'`;
  return {
    id: 'nuclear',
    title: 'Back up, tear down, reinstall, restore',
    source: 'postmortem 002, "Option 2: Nuclear option"',
    why: 'Nobody knows what else is corrupted; a fresh cluster is known to be sound. Costs everything that is not in the backup.',
    requires: [{ init: 'systemd' }],
    steps: [
      look('see what crashes', 'workstation', 'kubectl get pods -A'),
      act(
        'back up the manifests and secrets',
        'workstation',
        [
          'kubectl get all -A -o yaml > "$BACKUP/all-resources.yaml"',
          'kubectl get pv,pvc -A -o yaml > "$BACKUP/persistent-volumes.yaml"',
          '(umask 077; kubectl get secrets -A -o yaml > "$BACKUP/secrets.yaml")',
        ].join('\n'),
      ),
      act(
        'back up the documents',
        'workstation',
        [
          `${sql('select count(*) from documents')} > "$BACKUP/documents.count"`,
          `${exec} pg_dump -U ${documents.user} -d ${documents.database} -Fc > "$BACKUP/documents.dump"`,
          'cat "$BACKUP/documents.count"',
          'test -s "$BACKUP/documents.dump"',
        ].join('\n'),
        { standsFor: 'kubectl cp chromadb/chromadb-0:/chroma/data ./chromadb-backup' },
      ),
      act('uninstall Kubernetes', 'nodes', uninstall(documents.volume), {
        destroys: 'the cluster: every object, every container, every local volume',
        standsFor: '/usr/local/bin/k3s-uninstall.sh',
        timeoutMs: seconds(120),
      }),
      act(
        'remove CNI remnants and firewall rules',
        'nodes',
        [
          `rm -rf ${parent(configuration)} ${parent(plugins)} ${paths.cni.state}/`,
          `ip link delete ${links.bridge} 2>/dev/null || true`,
          `ip link delete ${links.overlay} 2>/dev/null || true`,
          'iptables -F',
          'iptables -t nat -F',
        ].join('\n'),
        { destroys: "all firewall rules, the user's own too" },
      ),
      reboot('reboot', 'nodes', seconds(60)),
      ...install.first,
      act('install the control plane', 'control-plane', install.controlPlane, {
        standsFor: 'INSTALL_K3S_EXEC="--flannel-backend=vxlan --disable traefik" sh -',
        timeoutMs: seconds(180),
      }),
      act('fetch the new credentials', 'workstation', distribution.fetchCredentials),
      act('join the workers', 'workers', install.worker, {
        timeoutMs: seconds(120),
      }),
      act('deploy the network and the services', 'workstation', 'sh "$MANIFESTS/deploy.sh"', {
        standsFor: 'kubectl apply -f k3s-manifests/',
        timeoutMs: seconds(120),
      }),
      until(
        'wait for the document store',
        'workstation',
        `${exec} pg_isready -h 127.0.0.1 -U ${documents.user} -d ${documents.database}`,
        seconds(120),
      ),
      act(
        'restore the documents',
        'workstation',
        [
          `kubectl -n ${documents.namespace} exec -i ${documents.pod} -- pg_restore -U ${documents.user} -d ${documents.database} --clean --if-exists --single-transaction < "$BACKUP/documents.dump"`,
          `test "$(${sql('select count(*) from documents')})" = "$(cat "$BACKUP/documents.count")"`,
        ].join('\n'),
        { standsFor: 'kubectl cp ./chromadb-backup chromadb/chromadb-0:/chroma/data' },
      ),
      until(
        'wait until every pod is ready',
        'workstation',
        'test -z "$(kubectl get pods -A --no-headers | awk \'$4 != "Running" && $4 != "Completed"\')"',
        seconds(120),
      ),
    ],
  };
}
