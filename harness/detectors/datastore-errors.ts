import type { Detector } from '../model/detector.ts';
import type { Distribution } from '../model/distribution.ts';
import { humanDuration, millis, seconds } from '../model/units.ts';
import { looking } from './support/look.ts';

/** So many lines of log are looked at: more than an API server in trouble writes between two looks. */
const lines = 1500;
/** So many lines within the window are normal: a restart of one client writes a few. */
const over = 5;
/** What the API server says of a datastore that does not answer, or refuses to write (the errors of etcd's `rpctypes`). */
const complaint =
  'context canceled|context deadline exceeded|etcdserver: (request timed out|no leader|leader changed|too many requests|server stopped|corrupt cluster|mvcc: database space exceeded)';

/** A command for the control plane: how many lines younger than an instant speak of it, and the last of them. */
const lookAt = (distribution: Distribution, sinceEpochMs: number): string =>
  // The runtime writes UTC with nine digits of a second here: comparing text does.
  `${distribution.logs('apiserver', lines)} |
  awk -v since='${new Date(sinceEpochMs).toISOString().slice(0, -1)}' \\
    '$1 >= since && /${complaint}/ { n++; last = $0 } END { print n + 0; print last }'`;

/**
 * The API server's log says again and again that the datastore did not answer or took nothing: `context canceled`, `etcdserver: request timed out`,
 * `mvcc: database space exceeded`. Read on the node, for the API is what cannot be asked.
 *
 * Source: postmortem 004, action items ("Add `context canceled` to dqlite NRPE check thresholds").
 */
export function datastoreErrors(distribution: Distribution): Detector {
  return {
    id: 'datastore-errors',
    title: 'The log says that the datastore does not answer',
    source: 'postmortem 004, action items: `context canceled` in the check of dqlite',
    loop: (profile) =>
      `reads the log every ${humanDuration(profile.scrapeMs)}; fires when more than ${over} such lines are younger than ${humanDuration(profile.alertWindowMs)}`,
    leastTtdMs: () => millis(0),
    periodMs: (profile) => profile.scrapeMs,
    expects: complaint,
    watch({ cluster, signal, now }, profile) {
      // Wall time, as the log has it.
      const began = Date.now();
      let standing: string | undefined;
      return looking(profile.scrapeMs, { now, signal }, async () => {
        const [controlPlane] = cluster.select('control-plane');
        const since = Math.max(began, Date.now() - profile.alertWindowMs);
        const { exitCode, stdout, stderr } = await cluster.look(controlPlane?.name ?? '', lookAt(distribution, since), {
          timeoutMs: seconds(4),
          signal,
        });
        if (exitCode !== 0) throw new Error(stderr || `exit ${exitCode}`);
        const [count = '0', last = ''] = stdout.split('\n');
        if (Number(count) <= over) standing = undefined;
        else
          standing ??= `${count} lines say ${new RegExp(complaint).exec(last)?.[0] ?? ''}: ${last.replace(/^\S+ \S+ \S+ /, '').slice(0, 200)}`;
        return standing;
      });
    },
  };
}
