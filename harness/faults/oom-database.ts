import { oomKillsOf, podsMemory, unused } from '../model/commands.ts';
import { act, until } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Fault } from '../model/fault.ts';
import { seconds } from '../model/units.ts';

const mib = 1_048_576;
const told = `${unused.folder}/blocks`;

/**
 * What the server holds beside what it fills at its start: its other shared memory, its backends, their page tables. A little more than was
 * seen, for what is held less is room that the next start may use.
 */
const besidesMiB = 24;

/**
 * The neighbours of the database fill the node until the kernel kills it: not for its own limit, which it never reaches, but because all pods
 * together have hit the node's, and it is the biggest of them. They hold what they hold: there is room for everything else again, and too
 * little for the server, which is killed whenever it starts.
 *
 * Everything is bounded: by the node's limit, by the neighbours' own, and by how much they are told to take.
 *
 * Source: postmortem 003, "The Database" ("the database server got OOM (out of memory) killed by the kernel ... the servers ran out of memory
 * to handle all the load"). The kernel's admin-guide/cgroup-v2 (memory.max) and mm/oom_kill.c, oom_badness: the process with the most memory
 * is chosen, after its oom_score_adj; Kubernetes, "Node-pressure Eviction", node out of memory behavior.
 *
 * @param options.worker the node of the database, from 1
 * @param options.serverMiB what the database's server fills at its start
 * @param options.roomMiB what is left when the server is dead (default 128): far less than it needs, far more than anything else does
 */
export function oomDatabase(
  distribution: Distribution,
  options: { readonly worker: number; readonly serverMiB: number; readonly roomMiB?: number },
): Fault {
  const memory = podsMemory(distribution);
  const { worker, serverMiB, roomMiB = 128 } = options;
  const node = { worker };
  return {
    id: 'oom-database',
    title: "The database's node is full, and the kernel kills its biggest process",
    source: 'postmortem 003, "The Database"',
    fidelity: 'equivalent',
    params: { worker, serverMiB, roomMiB },
    targets: node,
    prepare: [
      act(
        'see that the database and its neighbours are there, and that the node is small',
        node,
        [
          'pidof postgres',
          `[ "$(${distribution.commands.ctr} containers ls -q 'labels."io.kubernetes.container.name"==unused' | wc -l)" -ge ${unused.replicas} ]`,
          `test -d ${unused.folder} && rm -f ${told} ${told}.new`,
          memory,
          // On a node without a limit this would be the whole machine's memory.
          `[ "$limit" -le ${4096 * mib} ]`,
        ].join('\n'),
      ),
      act(
        'count what they have to take',
        node,
        [
          memory,
          `blocks=$(((available + ${(serverMiB + besidesMiB - roomMiB) * mib}) / ${unused.blockCostKiB * 1024}))`,
          `each=$(((blocks + ${unused.replicas / 2}) / ${unused.replicas}))`,
          `echo "$((available / ${mib})) of $((limit / ${mib})) MiB are available; $each blocks of ${unused.blockMiB} MiB for each of ${unused.replicas}"`,
          `[ "$each" -ge 1 ] && [ "$each" -le ${unused.mostBlocks} ]`,
          `echo "$each" > ${told}.new`,
        ].join('\n'),
      ),
    ],
    inject: [
      // In one piece: they read it ten times a second.
      act('its neighbours take what is left, and more', node, `cat ${told}.new; mv ${told}.new ${told}`),
    ],
    witness: [
      {
        name: 'the kernel names the database, and the limit of all pods as the reason',
        on: node,
        command: oomKillsOf(distribution, 'chromadb'),
        expect: '^oom_memcg=(?![^,]*pod[0-9a-f]{8}[-_])[^,]+,task_memcg=[^,]+,task=postgres,',
      },
      {
        name: 'there is no room for it',
        on: node,
        command: `${memory}\n[ "$available" -lt ${serverMiB * mib} ] && echo "full: $((available / ${mib})) MiB available"`,
        expect: '^full: ',
      },
    ],
    witnessDeadlineMs: seconds(40),
    undo: [
      act('its neighbours are told to hold nothing', node, `rm -f ${told} ${told}.new`),
      until('they have let go', node, '! pgrep -x dd >/dev/null', seconds(30)),
    ],
  };
}
