import type { Detector } from '../model/detector.ts';
import { humanDuration, millis } from '../model/units.ts';
import { askNode, looking } from './support/look.ts';

/** How old the newest finished segment of the archive is, in seconds; nothing on a node without one. */
const lookAt = [
  'cd /var/local/firedrill/backup/wal 2>/dev/null || exit 0',
  "newest=$(ls -t | grep -m 1 -E '^[0-9A-F]{24}$') || exit 0",
  'echo $(($(date +%s) - $(stat -c %Y "$newest")))',
].join('\n');

/** A segment is finished this often, whatever is written; and so long a copy of it may take. */
const segmentEveryMs = 5000;
const copyMs = 5000;
/** It fires when the newest segment is older than this, in seconds. */
const over = 30;

/**
 * No segment of the write-ahead log has been archived for a while, though one is finished every five seconds: what is acknowledged from now on
 * cannot be restored from anywhere.
 *
 * Source: PostgreSQL manual, 26.3.1 (archive_timeout, and that the archive is to be watched); pg_stat_archiver's last_archived_time, which only a
 * server that runs can tell: here the archive itself is looked at.
 */
export function archiveLag(): Detector {
  return {
    id: 'archive-lag',
    title: `Nothing archived for ${over} s`,
    source: 'PostgreSQL manual, 26.3.1: watch the archive',
    loop: (profile) =>
      `looks how old the newest archived segment is every ${humanDuration(profile.scrapeMs)}; one is made every 5 s`,
    // Age counts from the last segment, which came one interval and a copy before the onset at the earliest.
    leastTtdMs: () => millis(over * 1000 - segmentEveryMs - copyMs),
    periodMs: (profile) => profile.scrapeMs,
    expects: 'archived',
    watch({ cluster, signal, now }, profile) {
      let standing: string | undefined;
      return looking(profile.scrapeMs, { now, signal }, async () => {
        const ages = await Promise.all(
          cluster.select('workers').map(async ({ name }) => {
            const stdout = await askNode({ cluster, signal }, name, lookAt);
            return stdout.trim() === '' ? 0 : Number(stdout);
          }),
        );
        // The text of a standing alert stays: a second more is no new alert.
        standing = Math.max(...ages) > over ? (standing ?? `nothing archived for ${Math.max(...ages)} s`) : undefined;
        return standing;
      });
    },
  };
}
