import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import { mkdirSync } from 'node:fs';
import { analyseTrial } from '../analysis/record.ts';
import type { Cluster } from '../model/cluster.ts';
import { isFaultFree, type ControlKind } from '../model/control.ts';
import type { Detector } from '../model/detector.ts';
import { FiredrillError, oneLine } from '../model/errors.ts';
import type { EventBody, EventOf, PhaseName, TrialEvent } from '../model/events.ts';
import type { Trigger } from '../model/plan.ts';
import type { ProbeSession, Sample } from '../model/probe.ts';
import type { Profile } from '../model/profile.ts';
import type { OnProgress } from '../model/progress.ts';
import type { TrialRecord } from '../model/record.ts';
import type { ClaimedRunbook } from '../model/runbook.ts';
import type { Scenario } from '../model/scenario.ts';
import { minutes, seconds } from '../model/units.ts';
import { Broadcast } from './channel.ts';
import { startClock, type Clock, type TrialClock } from './clock.ts';
import { delayOf, healthyWatchMs } from './controls.ts';
import { deadline } from './deadline.ts';
import { checkDurability } from './durability.ts';
import { watchAftermath, watchHealthy } from './fault-free.ts';
import { missingFromHealth } from './health.ts';
import { Journal } from './journal.ts';
import { writeUndoLedger } from './ledger.ts';
import { observeState, takeInventory } from './observer.ts';
import { seeded } from '../model/random.ts';
import { commandOf, lookForFault, placeName, runSteps } from './steps.ts';
import { Teardown } from './teardown.ts';
import { SliTracker, Unanswered } from './tracker.ts';

/** A cluster together with the right to delete it. */
export type OwnedCluster = Cluster & { delete(): Promise<void> };

/** A running set of probes. */
export interface Sampling {
  /** Opened probe sessions by SLI, for their final audits. */
  readonly sessions: ReadonlyMap<string, ProbeSession>;
  stop(): Promise<void>;
}

/** What a trial needs from the other rooms; unit tests hand in fakes. */
export interface TrialDeps {
  createCluster(signal: AbortSignal, onNote: (text: string) => void): Promise<OwnedCluster>;
  /** Notes that a cluster stays on purpose, so that nothing takes it for a leftover. */
  keepCluster(cluster: Cluster): void;
  /** Opens the probes and samples them until stopped. */
  startSampling(options: {
    readonly scenario: Pick<Scenario, 'probes'>;
    readonly cluster: Cluster;
    readonly clock: Clock;
    readonly onSample: (sample: Sample) => void;
    readonly onHealth: (health: EventOf<'harness'>) => void;
    readonly signal: AbortSignal;
  }): Promise<Sampling>;
  /** Starts the user load; resolves when it runs. */
  startLoad(options: {
    readonly cluster: Cluster;
    readonly clock: TrialClock;
    readonly maxSeconds: number;
    readonly onSecond: (load: EventOf<'load'>) => void;
    readonly signal: AbortSignal;
  }): Promise<{ stop(): Promise<void> }>;
}

export interface TrialSpec {
  readonly id: string;
  readonly scenarioId: string;
  readonly scenario: Scenario;
  readonly claimed: ClaimedRunbook;
  /** What kind of control this trial is; absent for an answer to the outage. */
  readonly control?: ControlKind;
  readonly profile: Profile;
  readonly seed: number;
  readonly trigger: Trigger;
  /** The trial's own folder: events.jsonl, undo.json and the workstation's files go there. */
  readonly dir: string;
  readonly keep: 'never' | 'on-failure' | 'always';
}

/** How long the final read tries: a store that does not answer for so long after the trial is `unknown`. */
const auditPatienceMs = 15_000;
/** The same for a store that has not answered its probe to the end: nothing was done about it meanwhile. */
const deadStorePatienceMs = 5_000;

/** Raised inside a trial when the experiment does not hold; ends it as `invalid` with this cause. */
class TrialStopped extends Error {
  readonly outcome: EventOf<'trial.ended'>['cause'];
  constructor(outcome: EventOf<'trial.ended'>['cause'], message: string) {
    super(message);
    this.outcome = outcome;
  }
}

/**
 * One trial on one cluster: provision, hold steady, inject, observe, run the runbook, watch until recovery is complete or
 * the horizon is reached, tear down. Everything that happens goes to events.jsonl first; the returned record is
 * `analyseTrial` of those events and of nothing else. Never rejects for what happens inside the cluster; rejects only when
 * the journal itself cannot be written.
 */
export async function runTrial(
  spec: TrialSpec,
  deps: TrialDeps,
  onProgress: OnProgress,
  signal: AbortSignal,
  clock: TrialClock = startClock(),
): Promise<{
  readonly record: TrialRecord;
  readonly cause: EventOf<'trial.ended'>['cause'];
  readonly error?: unknown;
}> {
  mkdirSync(spec.dir, { recursive: true });
  const journal = new Journal(join(spec.dir, 'events.jsonl'), clock);
  const trial = new Trial(spec, deps, onProgress, clock, journal);
  const result = await trial.run(signal);
  journal.close();
  return { record: analyseTrial(journal.events), ...result };
}

class Trial {
  readonly spec: TrialSpec;
  readonly deps: TrialDeps;
  readonly onProgress: OnProgress;
  readonly clock: TrialClock;
  readonly journal: Journal;
  readonly teardown = new Teardown();
  readonly samples = new Broadcast<Sample>();
  readonly tracker: SliTracker;
  readonly unanswered: Unanswered;
  #shownBad = '';
  #phase: PhaseName | undefined;
  #injectMs: number | undefined;
  #faultInEffect = false;
  #ledger: ReturnType<typeof writeUndoLedger> | undefined;

  constructor(spec: TrialSpec, deps: TrialDeps, onProgress: OnProgress, clock: TrialClock, journal: Journal) {
    this.spec = spec;
    this.deps = deps;
    this.onProgress = onProgress;
    this.clock = clock;
    this.journal = journal;
    this.tracker = new SliTracker(spec.scenario.probes.map((probe) => probe.sli));
    this.unanswered = new Unanswered(spec.scenario.probes);
  }

  async run(outer: AbortSignal): Promise<{ cause: EventOf<'trial.ended'>['cause']; error?: unknown }> {
    this.#writeStart();
    this.#relayProgress(outer);
    let cause: EventOf<'trial.ended'>['cause'] = 'completed';
    let detail: string | undefined;
    let failure: unknown;
    try {
      await this.#body(outer);
    } catch (error) {
      failure = error;
      detail = oneLine(error);
      if (outer.aborted) cause = 'interrupted';
      else if (error instanceof TrialStopped) cause = error.outcome;
      else if (error instanceof FiredrillError && error.code === 'environment') cause = 'environment';
      else cause = 'error';
      if (this.#phase !== undefined) this.#end('failed', detail);
    }
    if (this.#phase !== 'teardown') this.#begin('teardown', minutes(3));
    const failures = await this.teardown.run();
    for (const line of failures) {
      this.journal.write({ type: 'note', text: `teardown: ${line}` });
      this.onProgress({ type: 'note', level: 'warning', text: `teardown: ${line}` });
    }
    this.#end(failures.length === 0 ? 'done' : 'failed');
    this.journal.write({ type: 'trial.ended', cause, ...(detail === undefined ? {} : { detail }) });
    return failure === undefined ? { cause } : { cause, error: failure };
  }

  async #body(outer: AbortSignal): Promise<void> {
    const { spec, clock, journal } = this;
    const { scenario, profile } = spec;
    const { fault } = scenario;
    // Every command, probe, detector and sleep listens: that is no leak.
    setMaxListeners(0, outer);

    this.#begin('provision', minutes(5));
    const cluster = await this.deps.createCluster(outer, (text) => {
      this.onProgress({ type: 'phase', name: 'provision', state: 'started', detail: text });
    });
    this.teardown.defer('delete the cluster', 120_000, async () => {
      if (this.#keepCluster(outer)) {
        this.deps.keepCluster(cluster);
        this.onProgress({
          type: 'note',
          text: `cluster ${cluster.name} is kept: npm run firedrill -- shell ${cluster.name}`,
        });
        return;
      }
      await cluster.delete();
      this.#ledger?.settle('cluster-deleted');
    });
    this.teardown.defer('undo the fault', 60_000, () => this.#undo(cluster));
    journal.write({ type: 'environment', facts: await cluster.environment() });
    await this.#setUp(cluster, outer);
    this.#end('done');

    const observation = new AbortController();
    const watching: Promise<unknown>[] = [];
    this.teardown.defer('stop watching', 20_000, async () => {
      observation.abort(new Error('observation ended'));
      await Promise.allSettled(watching);
      this.samples.close();
    });
    const signal = AbortSignal.any([outer, observation.signal]);
    setMaxListeners(0, signal);

    this.#begin('steady', profile.steadyDeadlineMs);
    const horizonMs = scenario.horizonMs[profile.name];
    const load = await this.deps.startLoad({
      cluster,
      clock,
      maxSeconds: Math.ceil((horizonMs + profile.steadyDeadlineMs + minutes(6)) / 1000),
      onSecond: (second) => journal.write(second),
      signal,
    });
    this.teardown.defer('stop the load', 30_000, () => load.stop());
    const sampling = await this.deps.startSampling({
      scenario,
      cluster,
      clock,
      onSample: (sample) => {
        this.#onSample(sample);
      },
      onHealth: (health) => journal.write(health),
      signal,
    });
    this.teardown.defer('stop the probes', 30_000, () => sampling.stop());
    watching.push(observeState(cluster, journal, clock, signal));
    for (const detector of scenario.detectors) watching.push(this.#watch(detector, cluster, signal));
    await this.#holdSteady(signal);
    const insideNodes = new Set(cluster.select(fault.targets).map((node) => node.name));
    journal.write(await takeInventory(cluster, 'before', insideNodes));
    this.#end('done');

    const complete = isFaultFree(spec.control)
      ? await this.#withoutFault(cluster, signal)
      : await this.#withFault(cluster, insideNodes, signal);

    this.#begin('verify', minutes(3));
    if (complete) {
      journal.write(await checkDurability(cluster, insideNodes, clock, signal));
      await clock.sleep(profile.relapseWatchMs, signal);
      await this.#alarmsClear(signal);
    }
    journal.write(
      await takeInventory(cluster, 'after', insideNodes).catch((error: unknown): EventBody => ({
        type: 'note',
        text: `the final inventory could not be taken: ${oneLine(error)}`,
      })),
    );
    this.#end('done');

    // The store is read when nobody writes to it any more: a row acknowledged while it is read would look lost.
    this.#begin('teardown', minutes(3));
    await sampling.stop();
    await this.#audit(sampling, signal);
  }

  /**
   * What is done in a control without a fault: nothing, or the runbook. There is no recovery whose durability could be checked: the
   * check would itself disturb what is watched.
   */
  async #withoutFault(cluster: Cluster, signal: AbortSignal): Promise<false> {
    const { spec, clock, journal } = this;
    const { profile, scenario } = spec;
    const watched = {
      clock,
      profile,
      signal,
      tracker: this.tracker,
      unanswered: this.unanswered,
      lastState: () => journal.events.findLast((event) => event.type === 'state'),
    };
    if (spec.control === 'healthy') {
      this.#begin('observe', healthyWatchMs(profile));
      await watchHealthy(watched);
    } else {
      const horizonMs = scenario.horizonMs[profile.name];
      const endMs = clock.now() + horizonMs;
      this.#begin('runbook', horizonMs);
      await runSteps({ cluster, journal, clock, signal }, 'runbook', spec.claimed.runbook.steps);
      this.#end('done');
      this.#begin('recover', Math.max(0, endMs - clock.now()));
      await watchAftermath(watched, endMs);
    }
    this.#end('done');
    return false;
  }

  /** Breaks the cluster, runs the runbook, and watches; returns whether it recovered. */
  async #withFault(cluster: Cluster, insideNodes: ReadonlySet<string>, signal: AbortSignal): Promise<boolean> {
    const { spec, clock, journal } = this;
    const { scenario, profile } = spec;
    const { fault } = scenario;
    const horizonMs = scenario.horizonMs[profile.name];
    this.#begin('inject', fault.witnessDeadlineMs + 60_000);
    const context = { cluster, journal, clock, signal };
    if (!(await runSteps(context, 'prepare', fault.prepare)))
      throw new TrialStopped(
        'environment',
        `the fault ${fault.id} could not be prepared; see its steps in events.jsonl`,
      );
    // A fixed warm-up would make every detector's loop look precise: hit it at a random phase, reproducibly.
    const longestLoop = Math.max(0, ...scenario.detectors.map((d) => d.periodMs(profile)));
    await clock.sleep(seeded(spec.seed)() * Math.min(longestLoop, seconds(15)), signal);
    this.#ledger = writeUndoLedger(join(spec.dir, 'undo.json'), {
      cluster: cluster.name,
      fault: fault.id,
      nodes: [...insideNodes],
      undo: fault.undo,
    });
    this.#injectMs = clock.now();
    this.#faultInEffect = true;
    const { instead } = spec.claimed.runbook;
    await runSteps(context, 'inject', instead ?? fault.inject);
    const onsetMs =
      instead === undefined ? await this.#witness(cluster, signal) : await this.#lookOnce(cluster, signal);
    this.#end('done');

    this.#begin('observe', profile.runbookDelayMs + delayOf(spec.control));
    await this.#waitForTrigger(onsetMs, signal);
    this.#end('done');

    this.#begin('runbook', horizonMs);
    await runSteps(context, 'runbook', spec.claimed.runbook.steps);
    this.#end('done');

    this.#begin('recover', Math.max(0, onsetMs + horizonMs - clock.now()));
    const complete = await this.#watchRecovery(onsetMs + horizonMs, signal);
    this.#end('done');
    return complete;
  }

  /** Makes the cluster the write-up's, and with the precaution that this arm is about. */
  async #setUp(cluster: Cluster, signal: AbortSignal): Promise<void> {
    const { scenario, claimed } = this.spec;
    const steps = [...(scenario.setup ?? []), ...(claimed.runbook.before ?? [])];
    const context = { cluster, journal: this.journal, clock: this.clock, signal };
    if (!(await runSteps(context, 'setup', steps)))
      throw new TrialStopped('environment', 'the cluster could not be set up; see its steps in events.jsonl');
  }

  #writeStart(): void {
    const { spec } = this;
    const { scenario, profile } = spec;
    this.journal.write({
      type: 'trial.started',
      schemaVersion: 1,
      trialId: spec.id,
      scenario: spec.scenarioId,
      runbook: spec.claimed.runbook.id,
      ...(spec.control === undefined ? {} : { control: spec.control }),
      profile: profile.name,
      seed: spec.seed,
      wallEpochMs: this.clock.wallEpochMs,
      breaks: [...scenario.breaks],
      keeps: [...scenario.keeps],
      probes: scenario.probes.map(({ sli, title, periodMs, timeoutMs, bystander }) => ({
        sli,
        title,
        periodMs,
        timeoutMs,
        bystander,
      })),
      detectors: scenario.detectors.map((d) => ({
        id: d.id,
        title: d.title,
        loop: d.loop(profile),
        leastTtdMs: d.leastTtdMs(profile),
        periodMs: d.periodMs(profile),
        expects: d.expects,
      })),
      ...(spec.claimed.runbook.instead === undefined ? {} : { prevention: true }),
      claim: spec.claimed.claim,
      steps: spec.claimed.runbook.steps.map((step) => ({
        name: step.name,
        command: `[${placeName(step.on)}] ${commandOf(step)}`,
        changes: step.changes,
        ...(step.destroys === undefined ? {} : { destroys: step.destroys }),
      })),
      holdMs: profile.holdMs,
      horizonMs: scenario.horizonMs[profile.name],
      runbookDelayMs: profile.runbookDelayMs + delayOf(spec.control),
    });
  }

  #begin(name: PhaseName, deadlineMs: number): void {
    this.#phase = name;
    this.journal.write({ type: 'phase', name, state: 'started', deadlineMs });
    this.onProgress({ type: 'phase', name, state: 'started', deadlineMs });
  }

  #end(state: 'done' | 'failed', detail?: string): void {
    if (this.#phase === undefined) return;
    const body = { type: 'phase', name: this.#phase, state, ...(detail === undefined ? {} : { detail }) } as const;
    this.#phase = undefined;
    this.journal.write(body);
    this.onProgress(body);
  }

  #onSample(sample: Sample): void {
    this.journal.write({ type: 'sample', ...sample });
    this.tracker.add(sample);
    this.unanswered.add(sample);
    this.samples.push(sample);
    const bad = this.tracker.bad();
    const key = bad.join(' ');
    if (key !== this.#shownBad) {
      this.#shownBad = key;
      this.onProgress({ type: 'slis', good: this.tracker.good(), bad });
    }
  }

  /** Passes on what a person wants to see while it happens. */
  #relayProgress(signal: AbortSignal): void {
    const startedAt = new Map<string, number>();
    const relay = async () => {
      for await (const event of this.journal.live.subscribe(signal)) this.#relay(event, startedAt);
    };
    relay().catch(() => undefined);
  }

  #relay(event: TrialEvent, startedAt: Map<string, number>): void {
    if (event.type === 'step') {
      const key = `${event.part} ${event.index}`;
      if (event.state === 'started') startedAt.set(key, event.atMs);
      this.onProgress({
        type: 'step',
        part: event.part,
        name: event.name,
        on: event.on,
        state: event.state,
        elapsedMs: event.atMs - (startedAt.get(key) ?? event.atMs),
        ...(event.state === 'failed'
          ? { detail: event.output?.split('\n').at(-1) ?? `exit code ${event.exitCode ?? '?'}` }
          : {}),
      });
    } else if (event.type === 'detector' && event.state === 'firing') {
      const detector = this.spec.scenario.detectors.find((d) => d.id === event.detector);
      this.onProgress({
        type: 'detected',
        id: event.detector,
        title: detector?.title ?? event.detector,
        ...(this.#injectMs === undefined ? {} : { sinceInjectMs: event.atMs - this.#injectMs }),
        ...(event.what === undefined ? {} : { what: event.what }),
      });
    } else if (event.type === 'witness' && event.confirmed) {
      this.onProgress({ type: 'note', text: `witness: ${event.evidence.join('; ')}` });
    }
  }

  async #watch(detector: Detector, cluster: Cluster, signal: AbortSignal): Promise<void> {
    try {
      const context = { cluster, signal, samples: () => this.samples.subscribe(signal) };
      for await (const reading of detector.watch(context, this.spec.profile)) {
        const said = reading.state === 'firing' ? reading.what : reading.state === 'blind' ? reading.why : undefined;
        const what = said === undefined ? undefined : oneLine(said);
        this.journal.write({
          type: 'detector',
          detector: detector.id,
          state: reading.state,
          ...(what === undefined ? {} : { what }),
        });
      }
      if (!signal.aborted) this.journal.write({ type: 'detector', detector: detector.id, state: 'ended' });
    } catch (error) {
      if (!signal.aborted)
        this.journal.write({ type: 'detector', detector: detector.id, state: 'ended', what: oneLine(error) });
    }
  }

  async #holdSteady(signal: AbortSignal): Promise<void> {
    const { profile } = this.spec;
    const began = this.clock.now();
    for (;;) {
      await this.clock.sleep(500, signal);
      const now = this.clock.now();
      const windowStart = now - profile.steadyHoldMs;
      const unsteady = this.tracker.unsteadySince(Math.max(began, windowStart));
      const state = this.journal.events.findLast((event) => event.type === 'state');
      const whole = state !== undefined && missingFromHealth(state).length === 0;
      if (windowStart >= began && unsteady.length === 0 && whole) return;
      if (now - began > profile.steadyDeadlineMs) {
        const missing = state === undefined ? ['no answer from the API'] : missingFromHealth(state);
        throw new TrialStopped(
          'no-steady-state',
          `no steady state within ${profile.steadyDeadlineMs / 1000} s: ${[...unsteady.map((sli) => `${sli} not good`), ...missing].join(', ')}`,
        );
      }
    }
  }

  async #witness(cluster: Cluster, signal: AbortSignal): Promise<number> {
    const { fault } = this.spec.scenario;
    const deadline = this.clock.now() + fault.witnessDeadlineMs;
    for (;;) {
      const look = await lookForFault(cluster, fault.witness, signal);
      this.journal.write({ type: 'witness', confirmed: look.confirmed, evidence: [...look.evidence] });
      if (look.confirmed) return this.clock.now();
      if (this.clock.now() > deadline)
        throw new TrialStopped('no-witness', `the fault ${fault.id} is not in effect: ${look.evidence.join('; ')}`);
      await this.clock.sleep(500, signal);
    }
  }

  /** Under a precaution the fault may be in effect on some nodes, or on none: which, is what the evidence tells. */
  async #lookOnce(cluster: Cluster, signal: AbortSignal): Promise<number> {
    const onsetMs = this.clock.now();
    const { confirmed, evidence } = await lookForFault(cluster, this.spec.scenario.fault.witness, signal);
    this.journal.write({ type: 'witness', confirmed, evidence: [...evidence] });
    return onsetMs;
  }

  async #waitForTrigger(onsetMs: number, signal: AbortSignal): Promise<void> {
    const { trigger, profile, scenario, control } = this.spec;
    if (trigger.kind === 'oracle') {
      await this.clock.sleepUntil(onsetMs + profile.runbookDelayMs + delayOf(control), signal);
      return;
    }
    const detector = scenario.detectors.find((d) => d.id === trigger.id);
    const expects = new RegExp(detector?.expects ?? '');
    const fired = () =>
      this.journal.events.some(
        (e) =>
          e.type === 'detector' &&
          e.detector === trigger.id &&
          e.state === 'firing' &&
          e.atMs >= (this.#injectMs ?? 0) &&
          expects.test(e.what ?? ''),
      );
    const horizonEnd = onsetMs + scenario.horizonMs[profile.name];
    while (!fired()) {
      if (this.clock.now() > horizonEnd) {
        this.journal.write({
          type: 'note',
          text: `the alarm ${trigger.id} never fired, so the runbook was never begun by it`,
        });
        return;
      }
      await this.clock.sleep(100, signal);
    }
    await this.clock.sleep(delayOf(control), signal);
  }

  /**
   * Watches until recovery is complete or the horizon. Judged by the analysis itself, on the events so far, so that the
   * decision to stop and the number in the report can never disagree. A runbook that gave up is watched to the horizon too:
   * censoring is then at one common time.
   */
  async #watchRecovery(horizonEndMs: number, signal: AbortSignal): Promise<boolean> {
    for (;;) {
      if (this.#recovered()) return true;
      // What looks good at the horizon gets its hold window, or a recovery just before it could never be shown.
      const endMs = horizonEndMs + (this.tracker.bad().length === 0 ? this.spec.profile.holdMs + 2000 : 0);
      if (this.clock.now() >= endMs) return false;
      await this.clock.sleep(Math.min(2000, Math.max(1, endMs - this.clock.now())), signal);
    }
  }

  /**
   * Gives the alarms the time that they need to notice that it is over: an alert on a rate looks back, so it clears one window
   * after the last cause. One that still fires then is reported as such.
   */
  async #alarmsClear(signal: AbortSignal): Promise<void> {
    const { profile } = this.spec;
    const endMs = this.clock.now() + profile.alertWindowMs + 2 * profile.evaluationMs;
    const standing = () => {
      const last = new Map<string, string>();
      for (const e of this.journal.events)
        if (e.type === 'detector' && (e.state === 'firing' || e.state === 'quiet')) last.set(e.detector, e.state);
      return [...last.values()].includes('firing');
    };
    while (standing() && this.clock.now() < endMs) await this.clock.sleep(1000, signal);
  }

  #recovered(): boolean {
    const state = this.journal.events.findLast((event) => event.type === 'state');
    // The cheap question first: the analysis reads every event of the trial.
    if (state === undefined || missingFromHealth(state).length > 0 || this.tracker.bad().length > 0) return false;
    // What comes in late may spoil the very window that would be taken for the recovery.
    if (this.unanswered.any(this.clock.now())) return false;
    const record = analyseTrial(this.journal.events);
    return record.ttr !== undefined && !('censored' in record.ttr);
  }

  async #audit(sampling: Sampling, signal: AbortSignal): Promise<void> {
    for (const [sli, session] of sampling.sessions) {
      if (session.audit === undefined) continue;
      try {
        using patience = deadline(this.tracker.bad().includes(sli) ? deadStorePatienceMs : auditPatienceMs, signal);
        const audits = await session.audit(patience.signal);
        for (const audit of audits) this.journal.write({ type: 'audit', ...audit });
      } catch (error) {
        signal.throwIfAborted();
        this.journal.write({ type: 'audit.failed', store: sli, why: oneLine(error) });
      }
    }
  }

  async #undo(cluster: Cluster): Promise<void> {
    if (!this.#faultInEffect) return;
    // The trial's own signal may be aborted (Ctrl-C is why this runs): the undo has its own.
    using patience = deadline(55_000);
    const { signal } = patience;
    const look = await lookForFault(cluster, this.spec.scenario.fault.witness, signal);
    if (!look.anyHolds) {
      this.#ledger?.settle('undone');
      return;
    }
    const ok = await runSteps(
      { cluster, journal: this.journal, clock: this.clock, signal },
      'undo',
      this.spec.scenario.fault.undo,
    );
    if (ok) this.#ledger?.settle('undone');
  }

  #keepCluster(outer: AbortSignal): boolean {
    const { keep } = this.spec;
    if (keep === 'always') return true;
    if (keep === 'never' || outer.aborted) return false;
    const { outcome } = analyseTrial(this.journal.events);
    return outcome !== 'recovered' && outcome !== 'control-clean';
  }
}
