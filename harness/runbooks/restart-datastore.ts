import { look } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Runbook } from '../model/runbook.ts';
import { restartDatastoreSteps } from './support/datastore.ts';

/**
 * Restart the datastore: asked to end first, killed when it does not, as systemd does it; the kubelet starts it again.
 * Source: postmortem 004, 09:10 ("snap.microk8s.daemon-k8s-dqlite restarted"; pods went on within seconds).
 */
export function restartDatastore(distribution: Distribution): Runbook {
  return {
    id: 'restart-datastore',
    title: `Restart the datastore (${distribution.processes('datastore')})`,
    source: 'postmortem 004, resolution summary, intervention 4',
    why: 'Writes fail: the log of the datastore or of the API says `context canceled`.',
    requires: [{ apart: 'datastore' }],
    steps: [
      look(
        'see the errors',
        'control-plane',
        `${distribution.logs('apiserver', 400)} | grep -E 'context (canceled|deadline exceeded)' | tail -n 3 | cut -c1-300`,
      ),
      ...restartDatastoreSteps(distribution, 'restart it'),
    ],
  };
}
