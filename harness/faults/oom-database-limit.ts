import { oomKillsOf } from '../model/commands.ts';
import { act } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Fault } from '../model/fault.ts';
import { seconds } from '../model/units.ts';
import { keptBy } from './support/kept-by.ts';

const kept = keptBy('oom-database-limit');
const limitOf = "'{.spec.template.spec.containers[0].resources.limits.memory}'";

/**
 * The database is given a limit below what it needs, on a node with room: the kernel kills it for its own limit, and again at every start.
 *
 * Source: postmortem 003, "The Database" ("first, I tried increasing resource limits of the database pod"): the cause that was suspected there,
 * and was not it. Kubernetes, "Resource Management for Pods and Containers" (memory limits are enforced by the kernel with OOM kills).
 *
 * @param options.worker the node of the database, from 1
 * @param options.limitMiB the limit that it is given (default 160)
 */
export function oomDatabaseLimit(
  distribution: Distribution,
  options: { readonly worker: number; readonly limitMiB?: number },
): Fault {
  const { kubectl } = distribution.commands;
  const setLimit = (limit: string) =>
    `${kubectl} -n chromadb set resources statefulset chromadb --containers=chromadb --limits=memory=${limit}`;
  const { worker, limitMiB = 160 } = options;
  const node = { worker };
  return {
    id: 'oom-database-limit',
    title: "The database's own limit is below what it needs",
    source: 'postmortem 003, "The Database"',
    fidelity: 'real',
    params: { worker, limitMiB },
    targets: node,
    prepare: [
      act(
        'keep the limit that it has',
        'control-plane',
        `mkdir -p ${kept} && ${kubectl} -n chromadb get statefulset chromadb -o jsonpath=${limitOf} > ${kept}/limit && test -s ${kept}/limit`,
      ),
    ],
    inject: [act('a limit that is too low', 'control-plane', setLimit(`${limitMiB}Mi`))],
    witness: [
      {
        name: 'the kernel names the database, and its own limit as the reason',
        on: node,
        command: oomKillsOf(distribution, 'chromadb'),
        expect: '^oom_memcg=[^,]*pod[0-9a-f]{8}[-_][^,]*,task_memcg=[^,]+,task=postgres,',
      },
    ],
    // The controller ends the old one gracefully first.
    witnessDeadlineMs: seconds(60),
    undo: [
      act(
        'the limit that it had',
        'control-plane',
        // A pod that is not ready is not replaced by its controller, whatever its template says.
        `${setLimit(`"$(cat ${kept}/limit)"`)}\n${kubectl} -n chromadb delete pod chromadb-0 --ignore-not-found --wait=false`,
      ),
    ],
  };
}
