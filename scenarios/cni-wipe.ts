import { defineScenario } from '../harness/model/scenario.ts';
import { failedUpdate, updateDifferences } from './support/failed-update.ts';

/** Postmortem 002, read as "CNI plugin not found": configuration and plug-ins are gone. */
export default defineScenario((distribution) => ({
  ...failedUpdate(distribution, { plugins: true }),
  differences: [
    ...updateDifferences(distribution),
    'the plug-ins are gone, too; the postmortem looked for them in the folder of the configuration, which was empty',
  ],
}));
