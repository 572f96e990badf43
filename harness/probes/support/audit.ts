import type { DataAudit } from '../../model/probe.ts';

/** A row as it was read back, or as it should be. */
export interface Row {
  readonly id: string;
  readonly body: string;
}

/** What was acknowledged: the row, and when the acknowledgement came in trial milliseconds. */
export interface Acknowledged {
  readonly body: string;
  readonly ackMs: number;
}

/**
 * What a final read found, against what had been acknowledged.
 *
 * - `missing`: acknowledged, and no row has its id;
 * - `altered`: a row of ours has another body than was written;
 * - `duplicated`: rows beyond the first of an id of ours;
 * - `unexpected`: rows whose id was never sent. A row that was sent and never acknowledged may be there or not: the client
 *   was told nothing, so neither is wrong.
 *
 * @param sent every id that was ever sent with the body it should have, acknowledged or not
 */
export function auditRows(
  store: string,
  acknowledged: ReadonlyMap<string, Acknowledged>,
  sent: ReadonlyMap<string, string>,
  rows: readonly Row[],
): DataAudit {
  const found = new Map<string, number>();
  const lost = new Set<string>();
  let altered = 0;
  let duplicated = 0;
  let unexpected = 0;
  for (const row of rows) {
    const times = (found.get(row.id) ?? 0) + 1;
    found.set(row.id, times);
    const body = acknowledged.get(row.id)?.body ?? sent.get(row.id);
    if (body === undefined) {
      unexpected++;
      continue;
    }
    if (times > 1) duplicated++;
    if (row.body !== body) {
      altered++;
      if (acknowledged.has(row.id)) lost.add(row.id);
    }
  }
  let missing = 0;
  for (const id of acknowledged.keys()) {
    if (found.has(id)) continue;
    missing++;
    lost.add(id);
  }
  let oldest = Infinity;
  for (const id of lost) oldest = Math.min(oldest, acknowledged.get(id)?.ackMs ?? Infinity);
  return {
    store,
    acknowledged: acknowledged.size,
    missing,
    altered,
    duplicated,
    unexpected,
    ...(Number.isFinite(oldest) ? { oldestLostAckMs: oldest } : {}),
  };
}
