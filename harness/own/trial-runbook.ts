import type { WholeRecord } from '../model/record.ts';
import type { ClaimedRunbook } from '../model/runbook.ts';
import type { Step } from '../model/step.ts';
import { humanDuration, seconds } from '../model/units.ts';
import { placeOf } from './fence.ts';
import { nameFrom } from './names.ts';

/**
 * What was typed in a trial as a runbook: each command a step, in the order in which they began, with the time that it took and some more. One that failed
 * then may fail again, and what only looked is a look.
 * @param options.looks whether what only looked is in it, too
 */
export function runbookOfTrial(record: WholeRecord, options: { readonly looks: boolean }): ClaimedRunbook {
  const typed = record.steps.filter(({ part, changes }) => part === 'runbook' && (changes || options.looks));
  const steps = typed.map(({ name, on, command, changes, ok, fromMs, toMs }): Step => {
    const place = placeOf(on.replace(' ', '-'));
    if (place === undefined) throw new Error(`there is no place ${on}`);
    return {
      kind: 'shell',
      name: name.trim() === '' ? 'a command' : name.trim(),
      on: place,
      command,
      timeoutMs: seconds(Math.max(60, Math.ceil((toMs - fromMs) / 500))),
      changes,
      ...(changes && ok ? {} : { optional: true }),
    };
  });
  const after = record.onset === undefined ? '' : `, ${humanDuration(record.endMs - record.onset.hi)} after the onset`;
  return {
    runbook: {
      id: nameFrom(`${record.runbook}-${record.trialId.replace(`${record.runbook}-`, '')}`),
      title: `What ${record.runbook} did in trial ${record.trialId} of ${record.scenario}`,
      source: `trial ${record.trialId}`,
      why: `It ended ${record.outcome}${after}: ${record.reason}`,
      steps,
    },
    claim: { says: 'nothing is claimed', expect: 'unknown' },
  };
}
