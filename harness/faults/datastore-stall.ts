import { act, until } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Fault } from '../model/fault.ts';
import { seconds } from '../model/units.ts';

/**
 * The datastore is there and does not answer: its process (etcd) is stopped (SIGSTOP) as it stands. Its connections stay open, so whoever
 * asks it waits until its own patience ends, and the API server says `context canceled` and `context deadline exceeded`.
 *
 * Source: postmortem 004, chain 4 (k8s-dqlite: "context canceled errors blocking pod status writes", ended by its restart).
 */
export function datastoreStall(distribution: Distribution): Fault {
  const { kubectl } = distribution.commands;
  const process = distribution.processes('datastore');
  return {
    id: 'datastore-stall',
    title: 'The datastore hangs and pods keep running',
    source: 'postmortem 004, "Simultaneous 3-Node Reboot Cascade", chain 4',
    fidelity: 'equivalent',
    params: {},
    requires: [{ apart: 'datastore' }],
    targets: 'control-plane',
    prepare: [act(`see that there is one ${process}`, 'control-plane', `[ "$(pidof ${process} | wc -w)" = 1 ]`)],
    inject: [act(`${process} hangs`, 'control-plane', distribution.pause('datastore'))],
    witness: [
      {
        name: 'its process is stopped',
        on: 'control-plane',
        command: distribution.state('datastore'),
        expect: '^T$',
      },
      {
        name: 'the API server cannot use it',
        on: 'control-plane',
        command: `${kubectl} get --raw /readyz/etcd --request-timeout=4s 2>&1 || true`,
        expect: 'etcd failed|not ready|deadline|[Tt]imeout|context',
      },
    ],
    witnessDeadlineMs: seconds(20),
    undo: [
      act(`${process} goes on`, 'control-plane', distribution.resume('datastore')),
      until('the API is ready', 'control-plane', `${kubectl} get --raw /readyz --request-timeout=3s`, seconds(50)),
    ],
  };
}
