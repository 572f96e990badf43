import type { Distribution } from '../model/distribution.ts';
import type { Runbook } from '../model/runbook.ts';
import { schedulerLease } from './support/scheduler-lease.ts';

/**
 * A prevention: the scheduler's lease lasts 20 s instead of 60, so that a stalled one would lose it three times as soon. Nothing
 * is done when it has stalled.
 * Source: postmortem 004, action items ("Reduce scheduler leaseDurationSeconds from 60s to 20s").
 */
export function lease20s(distribution: Distribution): Runbook {
  return {
    id: 'lease-20s',
    title: 'A lease of 20 s, set beforehand, and nothing else',
    source: 'postmortem 004, action items',
    why: 'A scheduler that is gone is replaced when its lease ends; a shorter lease ends earlier.',
    requires: [{ staticPod: 'scheduler' }],
    before: schedulerLease(distribution, 20),
    steps: [],
  };
}
