import { act, look } from '../model/define.ts';
import type { Runbook } from '../model/runbook.ts';

/**
 * Delete the pods that nothing happens to, so that their controllers make new ones.
 * Source: postmortem 004 ("acting on the most visible symptom (force-deleting stuck pods) would have been ineffective").
 */
export function deletePendingPods(): Runbook {
  return {
    id: 'delete-pending-pods',
    title: 'Delete the pods that are Pending',
    source: 'postmortem 004, lessons learned: "Cascading failures require layered diagnosis before action"',
    why: 'They are the most visible symptom, and a new pod might start.',
    steps: [
      look('see what is Pending', 'workstation', 'kubectl get pods -A --field-selector status.phase=Pending'),
      act(
        'delete them by force',
        'workstation',
        [
          'kubectl get pods -A --field-selector status.phase=Pending -o jsonpath=\'{range .items[*]}{.metadata.namespace} {.metadata.name}{"\\n"}{end}\' |',
          '  while read -r namespace name; do',
          '    kubectl -n "$namespace" delete pod "$name" --grace-period=0 --force --wait=false',
          '  done',
        ].join('\n'),
        { destroys: 'nothing: a pod that never ran has no state' },
      ),
    ],
  };
}
