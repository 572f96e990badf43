import type { DataLoss } from '../../model/record.ts';
import { midpoint } from '../../model/units.ts';
import type { Checker } from '../checker.ts';
import type { Stored, TrialLog } from '../log.ts';
import { whole } from '../numbers.ts';
import type { Observation } from '../observation.ts';
import { rowsLost } from '../words.ts';

/** Whether every acknowledged write was still there at the end. */
export const data: Checker<DataLoss | 'unknown'> = {
  name: 'data',
  check: ({ log, observation }) => {
    const value = dataOf(log, observation);
    if (value === 'unknown') return { verdict: 'unknown', says: 'data could not be read', value };
    return value.lost === 0
      ? { verdict: 'good', says: 'nothing lost', value }
      : { verdict: 'bad', says: rowsLost(value.lost), value };
  },
};

/**
 * Acknowledged writes that are absent, altered or doubled in the final read, and rows that nobody wrote. When a store could
 * not be read, or the log breaks off before its end, the answer is `unknown`, not zero; unless another store is known to have lost something, which is worse.
 */
function dataOf(log: TrialLog, observation: Observation): DataLoss | 'unknown' {
  const audits = new Map<string, Stored<'audit'>>();
  for (const audit of log.of('audit')) audits.set(audit.store, audit);
  const stores = [...audits.values()]
    .sort((a, b) => (a.store < b.store ? -1 : 1))
    .map((a) => ({
      store: a.store,
      acknowledged: a.acknowledged,
      missing: a.missing,
      altered: a.altered,
      duplicated: a.duplicated,
      unexpected: a.unexpected,
      ...(a.oldestLostAckMs === undefined ? {} : { oldestLostAckMs: whole(a.oldestLostAckMs) }),
    }));
  const lost = stores.reduce((sum, s) => sum + s.missing + s.altered + s.duplicated + s.unexpected, 0);
  const unread = log.of('audit.failed').some((f) => !audits.has(f.store));
  // Stores are read last, one after the other: of a log without its end nobody knows which was still to come.
  const unsure = unread || log.ended === undefined;
  if (stores.length === 0 || (unsure && lost === 0)) return 'unknown';
  const oldest = Math.min(...stores.map((s) => s.oldestLostAckMs ?? Number.POSITIVE_INFINITY));
  const { onset } = observation;
  return {
    stores,
    lost,
    ...(onset !== undefined && Number.isFinite(oldest) ? { rpoMs: whole(Math.max(0, midpoint(onset) - oldest)) } : {}),
  };
}
