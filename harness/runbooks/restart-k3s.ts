import { look, until } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Runbook } from '../model/runbook.ts';
import { seconds } from '../model/units.ts';

/**
 * Restart the server: API, controllers, scheduler and datastore are one process.
 * Source: k3s-io/kine#607 ("a couple of restarts of the K3s systemd unit"); k3s-io/k3s#1628 ("Can't be restarted immediately due to db locking").
 */
export function restartK3s(distribution: Distribution): Runbook {
  return {
    id: 'restart-k3s',
    title: 'Restart k3s on the server',
    source: 'k3s-io/kine#607; k3s-io/k3s#1628',
    why: 'Writes fail, and the datastore is a part of k3s.',
    requires: [{ datastore: 'SQLite' }],
    steps: [
      look('see what it says', 'control-plane', `${distribution.logs('datastore', 20)} | cut -c1-300`),
      distribution.restartStep('restart it', 'control-plane', distribution.restart('datastore'), {
        destroys: 'nothing, but the API is away until k3s is started',
      }),
      until('wait until the API answers', 'workstation', 'kubectl get --raw /readyz', seconds(60)),
    ],
  };
}
