import { dirname } from 'node:path';
import { act, until } from '../model/define.ts';
import type { Certificates, Distribution } from '../model/distribution.ts';
import type { Fault } from '../model/fault.ts';
import { seconds } from '../model/units.ts';
import { keptBy } from './support/kept-by.ts';

const kept = keptBy('expired-certs');

/** What differs with who makes the certificates. */
type Parts = Pick<Fault, 'prepare' | 'inject' | 'witness' | 'witnessDeadlineMs' | 'notYet' | 'undo'>;

/**
 * A shell function of the control plane: reads a certificate and its key from stdin, and writes the certificate as a CA of the cluster
 * would have signed it, ended yesterday: same subject, names, uses and key.
 * @param ca shell for the CA's name
 */
const endedBy = (pki: string, ca: { readonly found?: string; readonly name: string }): string => `ended() {
  pem=$(umask 077; mktemp -p /run) && cat > "$pem"${ca.found === undefined ? '' : `\n  ${ca.found}`}
  openssl x509 -x509toreq -in "$pem" -signkey "$pem" -copy_extensions copyall 2>/dev/null |
    openssl x509 -req -CA "${pki}/${ca.name}.crt" -CAkey "${pki}/${ca.name}.key" -copy_extensions copyall -days -1 2>/dev/null
  rm "$pem"
}`;

/** For a shell with `ended`: gives the certificate inside a kubeconfig its end. */
const endedIn = (file: string, ca: string): readonly string[] => [
  `  cert=$(sed -nE "s/.*client-(certificate|key)-data: //p" "${file}" | while read -r part; do echo "$part" | base64 -d; done | ended${ca} | base64 -w 0)`,
  `  [ -n "$cert" ] && sed -i "s#client-certificate-data: .*#client-certificate-data: $cert#" "${file}"`,
];

/** API server and etcd read their files again by themselves; controllers and kubelets hold what they read at their start, and are restarted. */
function ofKubeadm(distribution: Distribution): Parts {
  const { commands, paths, units } = distribution;
  const { configuration, pki, kubelet, kubeletCertificate: kubeletCert } = paths;
  const ended = endedBy(pki, { name: '$1' });
  return {
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
          ...endedIn('$file', ' ca'),
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

/**
 * k3s is not restarted, for it renews at a start what ends within 120 days. Nor need it be: client-go looks every five minutes
 * whether its certificate's file is another one. That is waited for: when everybody is refused, the day has come.
 */
function ofK3s(distribution: Distribution): Parts {
  const { commands, paths, units } = distribution;
  const { adminKubeconfig, pki, kubeletCertificate } = paths;
  const agent = dirname(kubeletCertificate);
  const ended = endedBy(pki, {
    found: `ca=$(openssl x509 -in "$pem" -noout -issuer | sed -E 's/.*k3s-([a-z-]+-ca).*/\\1/')`,
    name: '$ca',
  });
  const refused = [
    `since=$(stat -c %Y ${kept}/certificates.tar)`,
    `${distribution.logsBetween('kubelet', '$since', '$(date +%s)')} | grep -E "lease|node status" | grep -oE "Unauthorized|certificate has expired" | tail -n 1`,
  ].join('\n');
  return {
    prepare: [
      act(
        'keep what the undo puts back',
        'nodes',
        `mkdir -p ${kept} && (umask 077 && tar -cPf ${kept}/certificates.tar $(ls ${pki}/*.crt ${agent}/*.crt ${adminKubeconfig} 2>/dev/null)) && [ -s ${kubeletCertificate} ]`,
      ),
    ],
    inject: [
      act(
        "the certificates of the server end, and the administrator's",
        'control-plane',
        [
          ended,
          `cd ${pki}`,
          'for file in *.crt; do',
          '  name="${file%.crt}"',
          '  case "$name" in *-ca) continue ;; esac',
          '  [ -f "$name.key" ] || continue',
          '  cat "$file" "$name.key" | ended > "$name.new" && [ -s "$name.new" ]',
          '  cat "$name.new" > "$file" && rm "$name.new"',
          'done',
          ...endedIn(adminKubeconfig, '').map((line) => line.trimStart()),
        ].join('\n'),
      ),
      act(
        'those of every node, too',
        'workstation',
        [
          'for node in $NODES; do',
          `  for name in $(ssh "$node" 'cd ${agent} && ls *.key'); do`,
          '    name="${name%.key}"',
          `    cert=$(ssh "$node" "cat ${agent}/$name.crt ${agent}/$name.key" | ssh "$CONTROL_PLANE" '${ended.replaceAll("'", "'\\''")}; ended')`,
          '    [ -n "$cert" ]',
          `    printf '%s\\n' "$cert" | ssh "$node" "cat > ${agent}/$name.crt"`,
          '  done',
          'done',
        ].join('\n'),
      ),
      until('wait until k3s reads them', 'nodes', `${refused} | grep .`, seconds(330)),
    ],
    witness: [
      {
        name: "kubectl is refused, the server's own, too",
        on: 'control-plane',
        command: `${commands.kubectl} get nodes 2>&1 || true`,
        expect: 'Unauthorized|must be logged in',
      },
      {
        name: "the kubelet's has ended",
        on: 'nodes',
        command: `openssl x509 -checkend 0 -noout -in ${kubeletCertificate} || true`,
        expect: 'will expire',
      },
      { name: 'the kubelet is refused', on: 'nodes', command: refused, expect: 'Unauthorized|expired' },
    ],
    witnessDeadlineMs: seconds(40),
    notYet: [
      {
        name: 'the server is not refused yet',
        on: 'control-plane',
        command: `[ -n "$(${refused})" ] || echo served`,
        expect: 'served',
      },
    ],
    undo: [
      act(
        'put the certificates back',
        'nodes',
        `tar -xPf ${kept}/certificates.tar\nsystemctl restart --no-block ${units('kubelet')}`,
      ),
      until(
        'the API is ready',
        'control-plane',
        `${commands.kubectl} get --raw /readyz --request-timeout=3s`,
        seconds(60),
      ),
    ],
  };
}

const parts: Readonly<Record<Certificates, (distribution: Distribution) => Parts>> = { kubeadm: ofKubeadm, k3s: ofK3s };

/**
 * The day on which every certificate of the cluster has ended, a year after it was made: those of the control plane, of every node and of
 * the administrator are signed again by the cluster's own CAs with an end that lies a day back, same names, same keys.
 * Nobody restarts the API server and its datastore on that day.
 *
 * Source: postmortem 003 ("(401) unauthorized" from every kubectl, then `k3s certificate rotate`); docs.k3s.io, "k3s certificate".
 */
export function expiredCerts(distribution: Distribution): Fault {
  return {
    id: 'expired-certs',
    title: 'Every certificate of the cluster has ended',
    source: 'postmortem 003, "The Downfall"',
    fidelity: 'real',
    params: {},
    targets: 'nodes',
    // Units are restarted, and the manuals' renewals stop them.
    requires: [{ init: 'systemd' }],
    ...parts[distribution.certificates](distribution),
  };
}
