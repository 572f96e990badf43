import type { Detector } from '../model/detector.ts';
import { humanDuration, millis } from '../model/units.ts';
import { askNode, looking } from './support/look.ts';

/** A command for a node: the last PANIC line of a database's log that is younger than an instant. */
const lookAt = (sinceEpochMs: number): string =>
  // The runtime writes UTC with nine digits of a second here: comparing text does.
  `tail -qn 200 /var/log/pods/chromadb_chromadb-0_*/chromadb/*.log 2>/dev/null |
  awk -v since='${new Date(sinceEpochMs).toISOString().slice(0, -1)}' '$1 >= since && /PANIC:/ { last = $0 } END { print last }'`;

/**
 * PostgreSQL's log has a PANIC line: what it says itself about why it does not start, read on the nodes.
 *
 * Source: postmortem 003, "The Database" (`PANIC: could not locate a valid checkpoint record`, found by reading the log by hand).
 */
export function postgresPanic(): Detector {
  return {
    id: 'postgres-panic',
    title: 'PostgreSQL logs a PANIC line',
    source: 'postmortem 003, "The Database"; PostgreSQL manual, table 20.2 (message severity levels)',
    loop: (profile) => `reads the log on every worker every ${humanDuration(profile.scrapeMs)}`,
    leastTtdMs: () => millis(0),
    periodMs: (profile) => profile.scrapeMs,
    expects: 'PANIC',
    watch({ cluster, signal, now }, profile) {
      // Wall time, as the log has it.
      const began = Date.now();
      return looking(profile.scrapeMs, { now, signal }, async () => {
        const since = Math.max(began, Date.now() - profile.alertWindowMs);
        const found = await Promise.all(
          cluster.select('workers').map(async ({ name }) => {
            const stdout = await askNode({ cluster, signal }, name, lookAt(since));
            return /PANIC:.*/.exec(stdout)?.[0] ?? '';
          }),
        );
        return found.find((line) => line !== '')?.slice(0, 200);
      });
    },
  };
}
