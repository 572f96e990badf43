import type { Distribution } from '../model/distribution.ts';
import type { Runbook } from '../model/runbook.ts';
import { restoreCniSteps } from './support/restore-cni-steps.ts';

/**
 * "Option 1: Fix in place": put the plugins and the configuration back where the update removed them.
 * Source: postmortem 002, which judged it too risky ("Time: Unknown") and never tried it.
 */
export function restoreCni(distribution: Distribution): Runbook {
  return {
    id: 'restore-cni',
    title: 'Put the CNI plugins and configuration back',
    source: 'postmortem 002, "Option 1: Fix in place"',
    why: 'The error names the missing configuration. Put back exactly what is gone, then look again.',
    steps: restoreCniSteps(distribution),
  };
}
