import { until } from '../model/define.ts';
import type { Runbook } from '../model/runbook.ts';
import { seconds } from '../model/units.ts';
import { databaseAnswers } from './support/database.ts';
import { raiseLimitSteps, seeTheKill } from './support/memory.ts';

/**
 * Give the database a higher memory limit. Only the limit: what it asks for stays, so the scheduler finds it a place as before.
 * Source: postmortem 003, "The Database" ("first, I tried increasing resource limits of the database pod and it didn't solved the issue").
 */
export function raiseLimit(): Runbook {
  return {
    id: 'raise-limit',
    title: "Raise the database's memory limit",
    source: 'postmortem 003, "The Database"',
    why: 'It was killed for memory, and it has a memory limit.',
    steps: [
      seeTheKill,
      ...raiseLimitSteps,
      until('wait until it answers', 'workstation', databaseAnswers, seconds(60)),
    ],
  };
}
