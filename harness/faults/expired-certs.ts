import { act, until } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Fault } from '../model/fault.ts';
import { seconds } from '../model/units.ts';

const kept = '/var/lib/firedrill/expired-certs';

/**
 * A shell function of the control plane: reads a certificate and its key from stdin, and writes the certificate as a CA of the cluster
 * would have signed it, ended yesterday: same subject, names, uses and key.
 */
const endedBy = (pki: string): string => `ended() {
  pem=$(umask 077; mktemp -p /run) && cat > "$pem"
  openssl x509 -x509toreq -in "$pem" -signkey "$pem" -copy_extensions copyall 2>/dev/null |
    openssl x509 -req -CA "${pki}/$1.crt" -CAkey "${pki}/$1.key" -copy_extensions copyall -days -1 2>/dev/null
  rm "$pem"
}`;

/**
 * The day on which every certificate of the cluster has ended, a year after it was made: those of the API server, of etcd, of the
 * controllers, of every kubelet and of the administrator are signed again by the cluster's own CAs with an end that lies
 * a day back, same names, same keys. API server and etcd are not restarted, for nobody restarts them on that day: they read their
 * files again by themselves. Controllers and kubelets are, because they hold what they read at their start, and that has not ended.
 *
 * Source: postmortem 003 ("(401) unauthorized" from every kubectl, then `k3s certificate rotate`).
 */
export function expiredCerts(distribution: Distribution): Fault {
  const { commands, paths, units } = distribution;
  const { configuration, pki, kubelet, kubeletCertificate: kubeletCert } = paths;
  const ended = endedBy(pki);
  return {
    id: 'expired-certs',
    title: 'Every certificate of the cluster has ended',
    source: 'postmortem 003, "The Downfall"',
    fidelity: 'real',
    params: {},
    requires: [{ certificatesOf: 'kubeadm' }],
    targets: 'nodes',
    prepare: [
      act(
        'keep what the undo puts back',
        'nodes',
        `mkdir -p ${kept} && cp -a ${configuration} ${kubelet}/pki ${kept}/ && [ -s ${kubeletCert} ]`,
      ),
    ],
    inject: [
      act(
        'the certificates of the control plane end',
        'control-plane',
        [
          ended,
          `cd ${pki}`,
          'renew() { cat "$1.crt" "$1.key" | ended "$2" > "$1.new" && [ -s "$1.new" ] && cat "$1.new" > "$1.crt" && rm "$1.new"; }',
          'renew apiserver ca',
          'renew apiserver-kubelet-client ca',
          'renew front-proxy-client front-proxy-ca',
          'for cert in apiserver-etcd-client etcd/server etcd/peer etcd/healthcheck-client; do renew "$cert" etcd/ca; done',
          `cd ${configuration}`,
          'for file in admin.conf super-admin.conf controller-manager.conf scheduler.conf; do',
          '  [ -f "$file" ] || continue',
          '  cert=$(sed -nE "s/.*client-(certificate|key)-data: //p" "$file" | while read -r part; do echo "$part" | base64 -d; done | ended ca | base64 -w 0)',
          '  [ -n "$cert" ] && sed -i "s#client-certificate-data: .*#client-certificate-data: $cert#" "$file"',
          'done',
          // They start again with what is in the files now.
          distribution.restart('controllers', 'scheduler'),
        ].join('\n'),
      ),
      act(
        'those of the kubelets, too',
        'workstation',
        [
          'for node in $NODES; do',
          `  cert=$(ssh "$node" cat ${kubeletCert} | ssh "$CONTROL_PLANE" '${ended}; ended ca')`,
          '  [ -n "$cert" ]',
          // The key never leaves its node but for the pipe above: the file is put together where it lies.
          `  printf '%s\\n' "$cert" | ssh "$node" 'key=$(sed -n "/BEGIN .*PRIVATE KEY/,/END .*PRIVATE KEY/p" ${kubeletCert}); { cat; echo "$key"; } > /run/ended.pem && cat /run/ended.pem > ${kubeletCert} && rm /run/ended.pem && systemctl restart --no-block ${units('kubelet')}'`,
          'done',
        ].join('\n'),
      ),
    ],
    witness: [
      {
        name: "the API's certificate has ended",
        on: 'control-plane',
        command:
          'openssl s_client -connect 127.0.0.1:6443 </dev/null 2>/dev/null | openssl x509 -checkend 0 -noout || true',
        expect: 'will expire',
      },
      {
        name: "the kubelet's has ended",
        on: 'nodes',
        command: `openssl x509 -checkend 0 -noout -in ${kubeletCert} || true`,
        expect: 'will expire',
      },
      {
        name: 'the kubelet cannot start',
        on: 'nodes',
        command: `[ "$(systemctl is-active ${units('kubelet')})" = active ] || ${distribution.logs('kubelet', 40)} | grep -oE "is expired|bootstrap-kubelet.conf" | tail -n 1`,
        expect: 'expired|bootstrap',
      },
    ],
    witnessDeadlineMs: seconds(40),
    undo: [
      act(
        'put the certificates back',
        'nodes',
        [
          `cp -a ${kept}/kubernetes/. ${configuration}/`,
          `cp -a ${kept}/pki/. ${kubelet}/pki/`,
          `systemctl reset-failed ${units('kubelet')} 2>/dev/null || true`,
          `systemctl restart ${units('kubelet')}`,
        ].join('\n'),
      ),
      until(
        'the API is ready',
        'control-plane',
        `${commands.kubectl} get --raw /readyz --request-timeout=3s`,
        seconds(45),
      ),
    ],
  };
}
