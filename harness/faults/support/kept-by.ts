import { createHash } from 'node:crypto';

/**
 * Where a fault keeps, on a node, what its undo puts back. Its name does not tell which fault it is: whoever responds to the outage can see it.
 * @param fault its id
 */
export const keptBy = (fault: string): string =>
  `/var/lib/firedrill/${createHash('sha256').update(fault).digest('hex').slice(0, 8)}`;
