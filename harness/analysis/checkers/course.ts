import { humanDuration } from '../../model/units.ts';
import type { Checker, Finding, Trial } from '../checker.ts';
import { list } from '../words.ts';

const causes: Readonly<Record<string, string>> = {
  'no-steady-state': 'no steady state',
  'no-witness': 'no witness confirmed the fault',
  interrupted: 'interrupted',
  limit: 'stopped to protect this machine',
  environment: 'the environment failed',
  error: 'firedrill failed',
};

/** The end of an observation is not exact. */
const tailMs = 5000;

/** Whether the trial went as a trial must: to its end, with a fault that took effect, watched for as long as all others. */
export const course: Checker<undefined> = {
  name: 'course',
  gate: true,
  check: (trial) => {
    const finding = (verdict: Finding['verdict'], says: string, voids?: 'invalid' | 'unknown'): Finding => ({
      verdict,
      says,
      ...(voids === undefined ? {} : { voids }),
      value: undefined,
    });
    const wrong = invalidBecause(trial);
    if (wrong !== undefined) return finding('bad', wrong, 'invalid');
    const short = watchedTooShortly(trial);
    return short === undefined
      ? finding('good', 'it ran to completion and was watched long enough')
      : finding('unknown', short, 'unknown');
  },
};

function invalidBecause({ log, observation, service }: Trial): string | undefined {
  const { ended } = log;
  if (ended !== undefined && ended.cause !== 'completed')
    return (causes[ended.cause] ?? ended.cause) + (ended.detail === undefined ? '' : `: ${ended.detail}`);
  // Everything that is measured has been written when the verification is done; a trial killed after that lost nothing.
  const verified = log.of('phase').some((p) => p.name === 'verify' && p.state === 'done');
  if (ended === undefined && !verified) return `cut off after ${humanDuration(log.lastMs)}`;
  if (observation.noOnset !== undefined) return observation.noOnset;
  return service.unbroken.length > 0
    ? `${list(service.unbroken)} should have broken in this outage and did not`
    : undefined;
}

function watchedTooShortly({ log, observation, service }: Trial): string | undefined {
  const { horizonMs, holdMs } = log.started;
  const { ttr } = service;
  const watchedMs = observation.onset === undefined ? 0 : observation.toMs - observation.onset.hi;
  const censored = !observation.control && ttr !== undefined && 'censored' in ttr;
  return censored && watchedMs + holdMs + tailMs < horizonMs
    ? `not stable, but watched for only ${humanDuration(watchedMs)} of ${humanDuration(horizonMs)}`
    : undefined;
}
