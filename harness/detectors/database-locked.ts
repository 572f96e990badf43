import type { Detector } from '../model/detector.ts';
import type { Distribution } from '../model/distribution.ts';
import { humanDuration, seconds } from '../model/units.ts';
import { askNode, looking } from './support/look.ts';

/** SQLite's words for a lock that another process holds (`SQLITE_BUSY`). */
const complaint = 'database is locked';

/**
 * The datastore's log says that its database is locked. It says so of a write that has waited for the whole of `busy_timeout`, 30 s with kine.
 *
 * Source: k3s-io/k3s#8234 and #11269 (what was looked for in the log); kine's pkg/drivers/sqlite (`_busy_timeout=30000`).
 */
export function databaseLocked(distribution: Distribution): Detector {
  return {
    id: 'database-locked',
    title: 'The log says that the database is locked',
    source: 'k3s-io/k3s#8234, #11269: `database is locked`',
    loop: (profile) =>
      `reads the log every ${humanDuration(profile.scrapeMs)}; fires when a line of it is younger than ${humanDuration(profile.alertWindowMs)}`,
    leastTtdMs: () => seconds(30),
    periodMs: (profile) => profile.scrapeMs,
    expects: complaint,
    watch({ cluster, signal, now }, profile) {
      // Wall time, as the log has it.
      const began = Date.now();
      return looking(profile.scrapeMs, { now, signal }, async () => {
        const [controlPlane] = cluster.select('control-plane');
        const since = Math.max(began, Date.now() - profile.alertWindowMs);
        const log = distribution.logsBetween('datastore', (since / 1000).toFixed(3), (Date.now() / 1000).toFixed(3));
        // By way of a variable: a log that cannot be read is no log without such a line.
        const count = `log=$(${log})\nprintf '%s\\n' "$log" | grep -c '${complaint}' || true`;
        const found = await askNode({ cluster, signal }, controlPlane?.name ?? '', count);
        return Number(found) > 0 ? `the log of the datastore says: ${complaint}` : undefined;
      });
    },
  };
}
