import { defineScenario } from '../harness/model/scenario.ts';
import { failedUpdate, updateDifferences } from './support/failed-update.ts';

/** Postmortem 002 to the letter: the folder of the CNI configuration is empty, and networking was restarted; the plug-ins are where they were. */
export default defineScenario((distribution) => ({
  ...failedUpdate(distribution, { plugins: false }),
  differences: updateDifferences(distribution),
}));
