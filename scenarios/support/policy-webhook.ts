import { act, until } from '../../harness/model/define.ts';
import type { Distribution } from '../../harness/model/distribution.ts';
import type { Step } from '../../harness/model/step.ts';
import { seconds } from '../../harness/model/units.ts';
import { indented } from './yaml.ts';

/**
 * The webhook's server: reads each AdmissionReview that arrives, and allows it by its own uid. TLS is spoken by `openssl s_server`, which
 * takes one connection after the other and hands over what is in it; each answer closes its connection, so the next one in the
 * queue gets its turn.
 */
const answerReviews = String.raw`
use strict; use warnings;
use IPC::Open2;
$SIG{TERM} = sub { exit 0 };
my $tls = open2(my $in, my $out, qw(openssl s_server -quiet -accept 8443 -num_tickets 0 -cert /policy/tls.crt -key /policy/tls.key));
END { if ($tls) { kill "TERM", $tls } }
my $seen = "";
while (sysread($in, $seen, 65536, length $seen)) {
  # What is left of a connection that broke off in the middle is not the beginning of the next request.
  if ((my $at = rindex($seen, "POST /")) > 0) { substr($seen, 0, $at) = "" }
  my ($head, $length) = $seen =~ m{^(POST /.*?\r\n\r\n)}s ? ($1, 0) : next;
  if ($head =~ m{^content-length: *(\d+)}im) { $length = $1 }
  if (length $seen < length($head) + $length) { next }
  my ($uid) = $seen =~ m{"request": *\{"uid": *"([0-9a-f-]+)"};
  $seen = "";
  if (!defined $uid) { $uid = "" }
  my $review = qq({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"$uid","allowed":true}});
  my $answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " . length($review) . "\r\nConnection: close\r\n\r\n$review";
  syswrite($out, $answer);
  print STDERR "reviewed $uid\n";
}
`;

/** The certificate's authority and the server's certificate, made on the control plane; the authority's key is thrown away. */
const makeCertificate = (kubectl: string): string =>
  [
    'cd "$(mktemp -d)"',
    'key="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"',
    'openssl req -x509 $key -days 30 -subj /CN=policy-ca -keyout ca.key -out ca.crt 2>/dev/null',
    'openssl req $key -subj /CN=policy.policy.svc -keyout tls.key -out tls.csr 2>/dev/null',
    'echo subjectAltName=DNS:policy.policy.svc > names',
    'openssl x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -extfile names -out tls.crt 2>/dev/null',
    `${kubectl} create namespace policy`,
    `${kubectl} -n policy create secret generic policy --from-file=tls.crt --from-file=tls.key --from-file=ca.crt`,
    'rm -r "$PWD"',
  ].join('\n');

/** @WORKER@ is filled in when it is applied. */
const server = `apiVersion: v1
kind: ConfigMap
metadata: { name: policy, namespace: policy }
data:
  answer.pl: |
${indented(answerReviews, 4)}
---
apiVersion: v1
kind: Service
metadata: { name: policy, namespace: policy }
spec:
  selector: { app: policy }
  ports: [{ port: 443, targetPort: 8443 }]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: policy, namespace: policy }
spec:
  replicas: 1
  selector: { matchLabels: { app: policy } }
  template:
    metadata: { labels: { app: policy } }
    spec:
      automountServiceAccountToken: false
      nodeSelector: { kubernetes.io/hostname: '@WORKER@' }
      terminationGracePeriodSeconds: 1
      containers:
        - name: policy
          image: postgres:15
          imagePullPolicy: IfNotPresent
          # No image that is there has both perl and openssl; every node has. Of the node it sees /usr and libraries, nothing else.
          command: [chroot, /node, perl, /policy/answer.pl]
          ports: [{ name: https, containerPort: 8443 }]
          resources: { requests: { cpu: 1m, memory: 16Mi } }
          readinessProbe: { tcpSocket: { port: https }, periodSeconds: 2 }
          volumeMounts:
            - { name: policy, mountPath: /node/policy, readOnly: true }
            - { name: node-usr, mountPath: /node/usr, readOnly: true }
            - { name: node-lib, mountPath: /node/lib, readOnly: true }
            - { name: node-lib64, mountPath: /node/lib64, readOnly: true }
      volumes:
        - { name: policy, projected: { sources: [{ configMap: { name: policy } }, { secret: { name: policy } }] } }
        - { name: node-usr, hostPath: { path: /usr, type: Directory } }
        - { name: node-lib, hostPath: { path: /lib, type: Directory } }
        - { name: node-lib64, hostPath: { path: /lib64, type: DirectoryOrCreate } }
`;

/** Only what the api-write probe writes: the outage is to be seen by it, and nothing of the cluster's own may hang on this. */
const configuration = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: { name: policy }
webhooks:
  - name: policy.policy.svc
    admissionReviewVersions: [v1]
    sideEffects: None
    failurePolicy: Fail
    timeoutSeconds: 2
    clientConfig:
      service: { namespace: policy, name: policy, path: /review }
      caBundle: '@CA@'
    namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: default } }
    rules:
      - { apiGroups: [''], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [configmaps], scope: Namespaced }
    matchConditions:
      - { name: the-probe, expression: object.metadata.name == 'firedrill-probe' }
`;

/**
 * A validating webhook without which nothing is written, served over TLS by a pod on the first worker.
 *
 * Source: postmortem 001, 4 ("validating webhooks being unreachable"); Kubernetes, "Dynamic Admission Control".
 */
export const policyWebhook = (distribution: Distribution): readonly Step[] => [
  act("the webhook's certificate", 'control-plane', makeCertificate(distribution.commands.kubectl)),
  act(
    "the webhook's server, on the first worker",
    'workstation',
    `sed "s/@WORKER@/\${WORKERS%% *}/" <<'YAML' | kubectl apply -f -\n${server}YAML`,
  ),
  until(
    'wait until it serves',
    'workstation',
    'kubectl -n policy rollout status deployment policy --timeout=5s',
    seconds(90),
  ),
  act(
    'writes are to be reviewed by it',
    'workstation',
    [
      "ca=$(kubectl -n policy get secret policy -o jsonpath='{.data.ca\\.crt}')",
      `sed "s#@CA@#$ca#" <<'YAML' | kubectl apply -f -\n${configuration}YAML`,
    ].join('\n'),
  ),
  until(
    'wait until one was',
    'workstation',
    [
      'kubectl -n default create configmap firedrill-probe --from-literal=n=0 --dry-run=client -o yaml | kubectl apply --dry-run=server -f - 2>&1',
      'kubectl -n policy logs deployment/policy --since=20s | grep reviewed',
    ].join('\n'),
    seconds(45),
  ),
];
