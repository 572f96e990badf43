import { act } from '../../harness/model/define.ts';
import type { Step } from '../../harness/model/step.ts';

/** One CoreDNS instead of two, on the worker of that number (from 1). */
export const oneCorednsOn = (worker: number): Step =>
  act(
    'leave one CoreDNS, and that one there',
    'workstation',
    [
      `node=$(echo $WORKERS | cut -d " " -f ${worker})`,
      'kubectl uncordon "$node"',
      'for other in $NODES; do [ "$other" = "$node" ] || kubectl cordon "$other"; done',
      'kubectl -n kube-system scale deployment coredns --replicas=1',
      'kubectl -n kube-system delete pods -l k8s-app=kube-dns',
      'kubectl -n kube-system rollout status deployment coredns --timeout=40s',
      'for other in $NODES; do kubectl uncordon "$other"; done',
    ].join('\n'),
  );

/** Succeeds when every pod is ready. */
export const everyPodReady =
  '[ -z "$(kubectl get pods -A --no-headers | awk \'{ split($3, n, "/"); if (n[1] != n[2]) print }\')" ]';
