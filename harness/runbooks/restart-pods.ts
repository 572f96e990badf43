import { act, look } from '../model/define.ts';
import type { Runbook } from '../model/runbook.ts';

/**
 * Delete every pod and let the controllers make new ones: the reflex.
 * Source: postmortem 002 (pods crash-looping, restarted 6,812 times by the kubelet to no avail).
 * @param options.namespaces whose pods are deleted
 */
export function restartPods(options: { readonly namespaces: readonly string[] }): Runbook {
  const names = options.namespaces.join(' ');
  return {
    id: 'restart-pods',
    title: 'Delete every pod of the services',
    source: 'postmortem 002, "Every. Single. Pod. Was. Crashing."',
    why: 'Crash-looping pods suggest that fresh ones would do better.',
    steps: [
      look('see what crashes', 'workstation', 'kubectl get pods -A'),
      act(
        'delete the pods',
        'workstation',
        `for ns in ${names}; do kubectl -n "$ns" delete pods --all --wait=false; done`,
        { destroys: 'every running container of the services: what cannot start again is gone' },
      ),
    ],
  };
}
