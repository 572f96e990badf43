import type { Detector } from '../model/detector.ts';
import type { Distribution } from '../model/distribution.ts';
import { humanDuration, millis } from '../model/units.ts';
import { askNode, looking } from './support/look.ts';

/** How early it fires. */
const days = 30;

/** Prints each certificate of the node that ends within so many days, a path a line. */
const ending = ({ paths: { kubeletCertificate, pki } }: Distribution): string =>
  `for cert in ${kubeletCertificate} ${pki}/*.crt ${pki}/etcd/*.crt; do
  [ -f "$cert" ] || continue
  openssl x509 -checkend ${days * 86_400} -noout -in "$cert" >/dev/null || echo "$cert"
done`;

/**
 * A certificate of a node ends within a month. Read from the files on each node, for it is the API that cannot be asked afterwards. It
 * would have fired so many days before the outage; here it fires when the fault makes the certificates old, and its TTD says
 * how long one look takes, not how early it would have been.
 *
 * Source: postmortem 003, which had none; Kubernetes, "Certificate Management with kubeadm" (`kubeadm certs check-expiration`).
 */
export function certificateExpiry(distribution: Distribution): Detector {
  return {
    id: 'certificate-expiry',
    title: `A certificate ends within ${days} days`,
    source: 'Kubernetes, "Certificate Management with kubeadm", check-expiration',
    loop: (profile) =>
      `reads the certificates of every node every ${humanDuration(profile.scrapeMs)}; in production it fires ${days} days before the outage`,
    leastTtdMs: () => millis(0),
    periodMs: (profile) => profile.scrapeMs,
    expects: 'ends? within',
    watch({ cluster, signal, now }, profile) {
      return looking(profile.scrapeMs, { now, signal }, async () => {
        const found = await Promise.all(
          cluster.nodes.map(async ({ name }) => {
            const stdout = await askNode({ cluster, signal }, name, ending(distribution));
            return stdout
              .split('\n')
              .filter((line) => line !== '')
              .map((path) => `${path} of ${name}`);
          }),
        );
        const all = found.flat();
        const [first] = all;
        if (first === undefined) return undefined;
        return all.length === 1
          ? `${first} ends within ${days} days`
          : `${all.length} certificates end within ${days} days, ${first} among them`;
      });
    },
  };
}
