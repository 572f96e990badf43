import type { Detector } from '../model/detector.ts';
import { oneLine } from '../model/errors.ts';
import { humanDuration, millis } from '../model/units.ts';
import { askNode, looking } from './support/look.ts';

const refused = 'BPF program is too large';

/**
 * A command for a node: the last word of the network's agents there on their program, of those younger than an instant. Containers that
 * try again and again have a log for each try, so the line counts and not the file.
 */
const lastWord = (sinceEpochMs: number): string =>
  // The runtime writes UTC with nine digits of a second here: comparing text does.
  `cat /var/log/pods/kube-flannel_kube-flannel-ds-*/datapath/*.log 2>/dev/null |
  awk -v since='${new Date(sinceEpochMs).toISOString().slice(0, -1)}' \\
    '$1 >= since && $1 >= at && /${refused}|entries is loaded/ { at = $1; last = $0 } END { print last }'`;

/**
 * The network's agent says in its log that the kernel refuses its program. Read on the nodes, for its pods have not always somebody to
 * ask. Clears when the last word of every agent is that its program is loaded.
 *
 * Source: postmortem 001, 5 (the line that named the cause, the last of all that was looked at in a day).
 */
export function agentLog(): Detector {
  return {
    id: 'agent-log',
    title: "The network agent's log says that its program is refused",
    source: 'postmortem 001, step 5',
    loop: (profile) => `reads the agents' logs on every node every ${humanDuration(profile.scrapeMs)}`,
    leastTtdMs: () => millis(0),
    periodMs: (profile) => profile.scrapeMs,
    expects: refused,
    watch({ cluster, signal, now }, profile) {
      // Wall time, as the log has it.
      const began = Date.now();
      return looking(profile.scrapeMs, { now, signal }, async () => {
        const looks = await Promise.allSettled(
          cluster.nodes.map(async ({ name }) => {
            const stdout = await askNode({ cluster, signal }, name, lastWord(began));
            return stdout.includes(refused) ? [`${stdout.trim().replace(/^\S+ \S+ \S+ /, '')} (on ${name})`] : [];
          }),
        );
        const [first] = looks.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
        // What one node says is said, whichever other is just being rebooted.
        if (first !== undefined) return first;
        const dark = looks.find((each) => each.status === 'rejected');
        if (dark !== undefined) throw new Error(oneLine(dark.reason));
        return undefined;
      });
    },
  };
}
