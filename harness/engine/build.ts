import type { Build } from '../cluster/spec.ts';
import { FiredrillError, oneLine } from '../model/errors.ts';
import type { EventOf } from '../model/events.ts';
import type { Step } from '../model/step.ts';
import { startClock } from './clock.ts';
import { runSteps, type StepContext } from './steps.ts';

/** `Scenario.build` for whoever creates clusters. No trial has begun yet, so what the steps print is kept only of the one that fails. */
export function buildOf(steps: readonly Step[] = []): { readonly build?: Build } {
  if (steps.length === 0) return {};
  const run: Build['run'] = async (cluster, signal) => {
    let failed: EventOf<'step'> | undefined;
    const journal: StepContext['journal'] = {
      write: (event) => {
        if (event.type === 'step' && event.state === 'failed') failed = event;
        return undefined;
      },
    };
    if (await runSteps({ cluster, journal, clock: startClock(), signal }, 'setup', steps)) return;
    throw new FiredrillError(
      'environment',
      `the scenario's cluster could not be built: ${failed?.name ?? ''} on ${failed?.on ?? ''}: ${oneLine(failed?.output ?? '')}`,
      { hint: "look at the scenario's `build` steps: npm run firedrill -- describe <scenario>" },
    );
  };
  return { build: { key: JSON.stringify(steps), run } };
}
