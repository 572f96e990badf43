import { databaseFiles, findPostmaster } from '../model/commands.ts';
import type { Detector } from '../model/detector.ts';
import { humanDuration, millis, seconds } from '../model/units.ts';
import { askNode, looking } from './support/look.ts';

/** On the node that has the database's files: whether the server answers a question. Elsewhere nothing. */
const lookAt = [
  `[ -f ${databaseFiles.onNode}/PG_VERSION ] || exit 0`,
  `if ${findPostmaster} && timeout 3 nsenter -t "$postmaster" -m ${databaseFiles.bin}/psql -X -U chromadb -d chromadb -Atc 'select 1' >/dev/null 2>&1; then echo up; else echo down; fi`,
].join('\n');

/**
 * The database does not answer: at every scrape a new connection and `select 1`, from beside the server. That is the metric `pg_up` of
 * the Prometheus exporter; whether what was written is still there it does not ask.
 *
 * Source: postgres_exporter, `pg_up`; postmortem 003, which had none.
 */
export function postgresUp(): Detector {
  return {
    id: 'postgres-up',
    title: 'The database answers (pg_up)',
    source: 'postgres_exporter: pg_up',
    loop: (profile) => `connects and asks \`select 1\` every ${humanDuration(profile.scrapeMs)}`,
    leastTtdMs: () => millis(0),
    periodMs: (profile) => profile.scrapeMs,
    expects: 'pg_up',
    watch({ cluster, signal, now }, profile) {
      return looking(profile.scrapeMs, { now, signal }, async () => {
        const said = await Promise.all(
          cluster.select('workers').map(async ({ name }) => {
            const stdout = await askNode({ cluster, signal }, name, lookAt, seconds(5));
            return stdout.trim() === 'down' ? `pg_up is 0 on ${name}` : undefined;
          }),
        );
        return said.find((what) => what !== undefined);
      });
    },
  };
}
