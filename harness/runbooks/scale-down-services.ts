import { until } from '../model/define.ts';
import type { Runbook } from '../model/runbook.ts';
import { seconds } from '../model/units.ts';
import { databaseAnswers } from './support/database.ts';
import { scaleDownSteps, seeTheKill } from './support/memory.ts';

/**
 * Scale down what nobody uses any more, so that there is room for the database at its next start.
 * Source: postmortem 003, "The Database" ("I just went ahead and scaled down some services that no longer been used").
 */
export function scaleDownServices(): Runbook {
  return {
    id: 'scale-down-services',
    title: 'Scale down services that nobody uses',
    source: 'postmortem 003, "The Database"',
    why: 'The node is full, and a bigger one costs money; some of what is on it nobody needs.',
    steps: [
      seeTheKill,
      ...scaleDownSteps,
      until('wait until it answers', 'workstation', databaseAnswers, seconds(120)),
    ],
  };
}
