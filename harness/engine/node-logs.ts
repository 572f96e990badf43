import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { NodeLog } from '../cluster/logs.ts';
import { redact } from './steps.ts';

/**
 * Writes nodes' logs to `<dir>/<node>.log.gz`, keys and tokens taken out.
 *
 * @param sinceEpochMs wall time of the trial's zero, which the log's first line says: to find what an event's `atMs` means in it
 * @returns one line for each node whose logs could not be had
 */
export function keepNodeLogs(logs: readonly NodeLog[], dir: string, sinceEpochMs: number): readonly string[] {
  mkdirSync(dir, { recursive: true });
  const zero = `# the trial began at ${new Date(sinceEpochMs).toISOString()}\n`;
  return logs.flatMap((log) => {
    if ('missing' in log) return [`${log.node}: ${log.missing}`];
    writeFileSync(join(dir, `${log.node}.log.gz`), gzipSync(redact(zero + log.text)));
    return [];
  });
}
