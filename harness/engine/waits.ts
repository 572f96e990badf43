import { analyseTrial } from '../analysis/record.ts';
import { detects, isRight } from '../model/detector.ts';
import { uncensored } from '../model/units.ts';
import { delayOf, healthyWatchMs } from './controls.ts';
import { missingFromHealth } from '../analysis/checkers/full-recovery.ts';
import { lookForFault } from './steps.ts';
import { lastState, TrialStopped, type Watched } from './watched.ts';

/**
 * Resolves when every indicator was good and the cluster whole for `steadyHoldMs` on end.
 * @throws TrialStopped `no-steady-state` at the profile's deadline
 */
export async function holdSteady(watched: Watched): Promise<void> {
  const { spec, clock, tracker, signal } = watched;
  const { profile } = spec;
  const began = clock.now();
  for (;;) {
    await clock.sleep(500, signal);
    const now = clock.now();
    const windowStart = now - profile.steadyHoldMs;
    const unsteady = tracker.unsteadySince(Math.max(began, windowStart));
    const state = lastState(watched);
    const missing = state === undefined ? ['no answer from the API'] : missingFromHealth(state);
    if (windowStart >= began && unsteady.length === 0 && missing.length === 0) return;
    if (now - began > profile.steadyDeadlineMs)
      throw new TrialStopped(
        'no-steady-state',
        `no steady state within ${profile.steadyDeadlineMs / 1000} s: ${[...unsteady.map((sli) => `${sli} not good`), ...missing].join(', ')}`,
      );
  }
}

/**
 * Looks until every check of the fault's witness holds on every node; returns that instant, the outage's onset.
 * @throws TrialStopped `no-witness` at the fault's deadline
 */
export async function awaitWitness({ spec, cluster, journal, clock, signal }: Watched): Promise<number> {
  const { fault } = spec.scenario;
  const deadline = clock.now() + fault.witnessDeadlineMs;
  for (;;) {
    const look = await lookForFault(cluster, fault.witness, signal);
    journal.write({ type: 'witness', confirmed: look.confirmed, evidence: [...look.evidence] });
    if (look.confirmed) return clock.now();
    if (clock.now() > deadline)
      throw new TrialStopped('no-witness', `the fault ${fault.id} is not in effect: ${look.evidence.join('; ')}`);
    await clock.sleep(500, signal);
  }
}

/**
 * Looks for as long as the signal allows whether the fault is provably not in effect yet, and notes each proof; does nothing for a fault that has no
 * such check. A look that fails proves nothing.
 */
export async function noteNotYet({ spec, cluster, journal, clock }: Watched, signal: AbortSignal): Promise<void> {
  const { notYet = [] } = spec.scenario.fault;
  if (notYet.length === 0) return;
  while (!signal.aborted) {
    const sinceMs = clock.now();
    try {
      const { anyHolds, evidence } = await lookForFault(cluster, notYet, signal);
      if (anyHolds) journal.write({ type: 'not-yet', sinceMs, evidence: [...evidence] });
    } catch {
      // No proof of anything.
    }
    await clock.sleep(500, signal).catch(() => undefined);
  }
}

/** Under a prevention the fault may be in effect on some nodes, or on none: which, is what the evidence tells. */
export async function lookOnce({ spec, cluster, journal, clock, signal }: Watched): Promise<number> {
  const onsetMs = clock.now();
  const { confirmed, evidence } = await lookForFault(cluster, spec.scenario.fault.witness, signal);
  journal.write({ type: 'witness', confirmed, evidence: [...evidence] });
  return onsetMs;
}

/**
 * Waits for what begins the runbook: its time, or an alert that fired, for the right reason, since the injection; until the horizon at most.
 * @param injectMs when the injection began
 */
export async function awaitTrigger(
  { spec, journal, clock, signal }: Watched,
  injectMs: number,
  onsetMs: number,
): Promise<void> {
  const { trigger, profile, scenario, control } = spec;
  if (trigger.kind === 'oracle') {
    await clock.sleepUntil(onsetMs + profile.runbookDelayMs + delayOf(control), signal);
    return;
  }
  const detector = scenario.detectors.find((d) => d.id === trigger.id);
  const fired = () =>
    journal.events.some(
      (e) =>
        e.type === 'detector' &&
        e.detector === trigger.id &&
        e.state === 'firing' &&
        e.atMs >= injectMs &&
        (detector === undefined || detects(detector, e)),
    );
  const horizonEnd = onsetMs + scenario.horizonMs[profile.name];
  while (!fired()) {
    if (clock.now() > horizonEnd) {
      journal.write({
        type: 'note',
        text: `the alert ${trigger.id} never fired, so the runbook never started`,
      });
      return;
    }
    await clock.sleep(100, signal);
  }
  await clock.sleep(delayOf(control), signal);
}

/**
 * Watches until recovery is complete or the horizon. A runbook that gave up is watched to the horizon too: censoring is then at one
 * common time.
 */
export async function watchRecovery(watched: Watched, horizonEndMs: number): Promise<boolean> {
  const { spec, clock, tracker, signal } = watched;
  for (;;) {
    if (isRecovered(watched)) return true;
    // What looks good at the horizon gets its stability window, or a recovery just before it could never be shown.
    const endMs = horizonEndMs + (tracker.bad().length === 0 ? spec.profile.holdMs + 2000 : 0);
    if (clock.now() >= endMs) return false;
    await clock.sleep(Math.min(2000, Math.max(1, endMs - clock.now())), signal);
  }
}

/**
 * Whether recovery is complete by now. Judged by the analysis itself, on the events so far, so that the decision to stop and the number in the report can never
 * disagree.
 */
export function isRecovered(watched: Watched): boolean {
  const { journal, clock, tracker, unanswered } = watched;
  const state = lastState(watched);
  // The cheap question first: the analysis reads every event of the trial.
  if (state === undefined || missingFromHealth(state).length > 0 || tracker.bad().length > 0) return false;
  // What comes in late may spoil the very window that would be taken for the recovery.
  if (unanswered.any(clock.now())) return false;
  return uncensored(analyseTrial(journal.events).ttr) !== undefined;
}

/** How often a stable service is asked whether it still is: the analysis reads all events of the trial. */
const stableEveryMs = 5000;

/**
 * Watches stable service for as long as the trial is to (`watchMs`), so that a fix that is undone by a timer or a controller is seen to be; ends
 * as soon as it was. Nothing where service was not stable.
 */
export async function watchStable({ spec, journal, clock, signal }: Watched): Promise<void> {
  for (;;) {
    const { onset, ttr, downAgain } = analyseTrial(journal.events);
    const stable = uncensored(ttr);
    if (onset === undefined || stable === undefined || downAgain?.relapse === true) return;
    const leftMs = onset.hi + stable.hi + (spec.watchMs ?? 0) - clock.now();
    if (leftMs <= 0) return;
    await clock.sleep(Math.min(stableEveryMs, leftMs), signal);
  }
}

/**
 * Gives the alerts the time that they need to notice that it is over: an alert on a rate looks back, so it clears one window
 * after the last cause. One that still fires then is reported as such. Not waited for: an alert of a rule that names something else,
 * which full recovery does not ask for either; some ring on every cluster.
 */
export async function alarmsClear({ spec, journal, clock, signal }: Watched): Promise<void> {
  const { profile } = spec;
  const endMs = clock.now() + profile.alertWindowMs + 2 * profile.evaluationMs;
  const rules = new Map(spec.scenario.detectors.filter((d) => d.right !== undefined).map((d) => [d.id, d]));
  const standing = () => {
    const last = new Map<string, string>();
    for (const e of journal.events) {
      if (e.type !== 'detector' || (e.state !== 'firing' && e.state !== 'quiet')) continue;
      const rule = e.state === 'firing' ? rules.get(e.detector) : undefined;
      if (rule === undefined || isRight(rule, e)) last.set(e.detector, e.state);
    }
    return [...last.values()].includes('firing');
  };
  while (standing() && clock.now() < endMs) await clock.sleep(1000, signal);
}

/**
 * Watches on while something is bad that was good until the runbook changed anything, or is bad again after the recovery: a symptom is
 * judged by how long it lasts, so that a trial must not end in the middle of one. For a stability window at most.
 */
export async function symptomsEnd({ spec, journal, clock, tracker, unanswered, signal }: Watched): Promise<void> {
  const endMs = clock.now() + spec.profile.holdMs;
  const standing = (): boolean => {
    const bad = tracker.bad();
    // The cheap question first, as above.
    if (bad.length === 0) return false;
    const { slis, mitigation, ttr } = analyseTrial(journal.events);
    const restored = uncensored(ttr) !== undefined;
    const changedMs = mitigation?.startMs ?? Infinity;
    return slis.some(
      ({ sli, firstSymptom }) =>
        bad.includes(sli) && (restored || (firstSymptom !== undefined && firstSymptom.hi >= changedMs)),
    );
  };
  const recovered = uncensored(analyseTrial(journal.events).ttr) !== undefined;
  // A request that is late now may be the third that fails, and an outage that the trial's end cuts would look as if it stayed.
  const late = (): boolean => recovered && unanswered.any(clock.now());
  while (clock.now() < endMs && (late() || standing())) await clock.sleep(500, signal);
}

/**
 * Watches what a runbook did to a healthy cluster: as long as a healthy one is watched, and on until every indicator was good and
 * the cluster whole for a stability window, at most until `endMs`.
 */
export async function watchAftermath(watched: Watched, endMs: number): Promise<void> {
  const { clock, tracker, unanswered, signal } = watched;
  const { profile } = watched.spec;
  const leastMs = clock.now() + healthyWatchMs(profile);
  let wholeSinceMs = clock.now();
  while (clock.now() < endMs) {
    const now = clock.now();
    const state = lastState(watched);
    if (state === undefined || missingFromHealth(state).length > 0) wholeSinceMs = now;
    const sinceMs = now - profile.holdMs;
    const good = tracker.unsteadySince(sinceMs).length === 0 && !unanswered.any(now);
    if (now >= leastMs && wholeSinceMs <= sinceMs && good) return;
    await clock.sleep(Math.min(1000, Math.max(1, endMs - now)), signal);
  }
}
