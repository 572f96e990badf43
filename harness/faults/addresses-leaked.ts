import { act } from '../model/define.ts';
import type { Distribution } from '../model/distribution.ts';
import type { Fault } from '../model/fault.ts';
import type { NodeSelector } from '../model/step.ts';
import { seconds } from '../model/units.ts';
import { keptBy } from './support/kept-by.ts';

const kept = keptBy('addresses-leaked');
/** Begins the ids of sandboxes that never were. */
const mark = 'deadbeef';

/**
 * Every address that a node has for its pods is reserved, for pods that are no more. What runs goes on; whatever needs a new sandbox does
 * not get one: `no IP addresses available in range set`. It stands on the disk, so a reboot does not help; it makes it worse, for after it
 * every pod needs a new sandbox.
 *
 * The reservations of pods that run are among the stale ones, too: they are not given back at these pods' end, as is reported of machines that
 * were switched off hard.
 *
 * Source: postmortem 003, "Getting locked-out" (after a reboot "the container network is still down", and `k3s-killall.sh` fixed it, which removes
 * /var/lib/cni). That these files were its cause is our reading, the postmortem names none; it is what k3s' issues 5885 and 4682 and Kubernetes'
 * issue 108121 describe, fix included. CNI plugins, host-local (one file for each reserved address).
 *
 * @param options.nodes which nodes
 */
export function addressesLeaked(distribution: Distribution, options: { readonly nodes: NodeSelector }): Fault {
  const { nodes } = options;
  // Where the IPAM plugin keeps one file for each address that it has given away: the sandbox' id, and the name of its interface.
  const folder = `${distribution.paths.cni.state}/networks/cbr0`;
  return {
    id: 'addresses-leaked',
    title: 'Every pod address of a node is reserved for pods that are no more',
    source: 'postmortem 003, "Getting locked-out"',
    fidelity: 'equivalent',
    params: { nodes: typeof nodes === 'string' ? nodes : `worker ${nodes.worker}` },
    targets: nodes,
    prepare: [
      act(
        'keep what the undo puts back',
        nodes,
        `rm -rf ${kept} && mkdir -p ${kept} && cp -a ${folder}/. ${kept}/ && [ -n "$(ls ${kept} | grep '^10[.]')" ]`,
      ),
    ],
    inject: [
      act(
        'they leak',
        nodes,
        [
          // The plugin looks for an address under this lock.
          `exec 9>> ${folder}/lock && flock -w 10 9`,
          `first=$(ls ${folder} | grep -m 1 '^10[.]')`,
          `for last in $(seq 2 254); do printf '${mark}-%s\\r\\neth0' "$last" > "${folder}/\${first%.*}.$last"; done`,
          `ls ${folder} | grep -c '^10[.]'`,
        ].join('\n'),
      ),
    ],
    witness: [
      {
        name: 'no address is left',
        on: nodes,
        command: `grep -l '^${mark}' ${folder}/10.* 2>/dev/null | wc -l`,
        expect: '^253$',
      },
    ],
    witnessDeadlineMs: seconds(10),
    undo: [
      act(
        'put the reservations back',
        nodes,
        [
          // Whoever has removed the folder meanwhile has given every address back already.
          `for file in $(grep -l '^${mark}' ${folder}/10.* 2>/dev/null); do`,
          `  if [ -f "${kept}/\${file##*/}" ]; then cp -a "${kept}/\${file##*/}" "$file"; else rm "$file"; fi`,
          'done',
        ].join('\n'),
      ),
    ],
  };
}
