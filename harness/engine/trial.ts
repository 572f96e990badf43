import { setMaxListeners } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { AlertStack } from '../alerts/live/stack.ts';
import { analyseTrial } from '../analysis/record.ts';
import type { Cluster } from '../model/cluster.ts';
import { isFaultFree } from '../model/control.ts';
import { FiredrillError, oneLine } from '../model/errors.ts';
import type { EventBody, EventOf, PhaseName } from '../model/events.ts';
import { exceededText } from '../model/limits.ts';
import type { Sample } from '../model/probe.ts';
import type { OnProgress } from '../model/progress.ts';
import { seeded } from '../model/random.ts';
import { isSuccess } from '../model/outcome.ts';
import type { WholeRecord } from '../model/record.ts';
import { waitingMs } from '../model/step.ts';
import { minutes, seconds } from '../model/units.ts';
import { auditStores } from './audit.ts';
import { Broadcast } from './channel.ts';
import { startClock, type TrialClock } from './clock.ts';
import { delayOf, healthyWatchMs } from './controls.ts';
import { deadline } from '../host/time.ts';
import { watchDetector } from './detecting.ts';
import { checkDurability } from './durability.ts';
import { Journal } from './journal.ts';
import { writeUndoLedger } from './ledger.ts';
import { Narrator } from './narrator.ts';
import { guardHost, type Guard } from './guard.ts';
import { keepNodeLogs } from './node-logs.ts';
import { observeState, takeInventory } from './observer.ts';
import { beginResponding, type Responding } from './responding.ts';
import { lookForFault, runSteps } from './steps.ts';
import { RunningShift } from './shift.ts';
import { Teardown } from './teardown.ts';
import { SliTracker, Unanswered } from './tracker.ts';
import { startedEvent, type TrialDeps, type TrialSpec } from './trial-spec.ts';
import {
  alarmsClear,
  awaitTrigger,
  awaitWitness,
  noteNotYet,
  holdSteady,
  lookOnce,
  symptomsEnd,
  watchAftermath,
  watchRecovery,
  watchStable,
} from './waits.ts';
import { TrialStopped, type Watched } from './watched.ts';

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
  readonly record: WholeRecord;
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
  readonly narrator: Narrator;
  #phase: PhaseName | undefined;
  #faultInEffect = false;
  #endangered = false;
  #ledger: ReturnType<typeof writeUndoLedger> | undefined;

  constructor(spec: TrialSpec, deps: TrialDeps, onProgress: OnProgress, clock: TrialClock, journal: Journal) {
    this.spec = spec;
    this.deps = deps;
    this.onProgress = onProgress;
    this.clock = clock;
    this.journal = journal;
    this.tracker = new SliTracker(spec.scenario.probes);
    this.unanswered = new Unanswered(spec.scenario.probes);
    this.narrator = new Narrator(spec.scenario, onProgress);
  }

  async run(outer: AbortSignal): Promise<{ cause: EventOf<'trial.ended'>['cause']; error?: unknown }> {
    this.journal.write(startedEvent(this.spec, this.clock.wallEpochMs));
    this.narrator.follow(this.journal, outer);
    let cause: EventOf<'trial.ended'>['cause'] = 'completed';
    let detail: string | undefined;
    let failure: unknown;
    using guard = this.#guard(outer);
    try {
      await this.#body(guard.signal);
    } catch (error) {
      const exceeded = guard.exceeded();
      // What was under way says only that it was aborted; the guard says why.
      failure = exceeded === undefined ? error : guard.signal.reason;
      detail = exceeded === undefined ? oneLine(error) : exceededText(exceeded);
      if (exceeded !== undefined) cause = 'limit';
      else if (outer.aborted) cause = 'interrupted';
      else if (error instanceof TrialStopped) cause = error.outcome;
      else if (error instanceof FiredrillError && error.code === 'environment') cause = 'environment';
      else cause = 'error';
      if (this.#phase !== undefined) this.#end('failed', detail);
    }
    guard.standDown();
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
    // Before the undo, which would change what they show, and after what samples has stopped: reading them takes CPU.
    this.teardown.defer('keep the logs of the nodes', 60_000, () => this.#keepLogs(cluster, outer));
    journal.write({ type: 'environment', facts: await cluster.environment() });
    await this.#setUp(cluster, outer);
    const alerts = await this.#startAlerts(cluster, outer);
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
    const { tracker, unanswered } = this;
    const watched: Watched = { spec, cluster, journal, clock, tracker, unanswered, signal, alerts };

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
    for (const detector of scenario.detectors) watching.push(watchDetector(detector, watched, this.samples));
    await holdSteady(watched);
    const insideNodes = new Set(cluster.select(fault.targets).map((node) => node.name));
    journal.write(await takeInventory(cluster, 'before', insideNodes));
    this.#end('done');

    const complete = isFaultFree(spec.control)
      ? await this.#withoutFault(watched)
      : await this.#withFault(watched, insideNodes);

    this.#begin('verify', minutes(3));
    if (complete) {
      journal.write(await checkDurability(cluster, insideNodes, clock, signal));
      await clock.sleep(profile.relapseWatchMs, signal);
    }
    if (!isFaultFree(spec.control)) await watchStable(watched);
    if (complete) await alarmsClear(watched);
    journal.write(
      await takeInventory(cluster, 'after', insideNodes).catch((error: unknown): EventBody => ({
        type: 'note',
        text: `the final inventory could not be taken: ${oneLine(error)}`,
      })),
    );
    await symptomsEnd(watched);
    this.#end('done');

    this.#begin('teardown', minutes(3));
    const stopping = sampling.stop();
    // Of service that is down, requests are under way until their time-outs; where it is up, they are answered before anything else begins.
    if (complete) await stopping;
    this.deps.windDown?.();
    await Promise.all([stopping, auditStores(watched, sampling)]);
  }

  /**
   * What is done in a control without a fault: nothing, or the runbook. There is no recovery whose durability could be checked: the
   * check would itself disturb what is watched.
   */
  async #withoutFault(watched: Watched): Promise<false> {
    const { spec, clock, signal } = watched;
    const { profile, scenario } = spec;
    if (spec.control === 'healthy') {
      this.#begin('observe', healthyWatchMs(profile));
      // For a fixed time: rates of false alarms need the same watch.
      await clock.sleep(healthyWatchMs(profile), signal);
    } else {
      const horizonMs = scenario.horizonMs[profile.name];
      const endMs = clock.now() + horizonMs;
      this.#begin('runbook', horizonMs);
      const responding = await this.#beginResponding(watched);
      if (responding === undefined) await runSteps(watched, 'runbook', spec.claimed.runbook.steps);
      else await responding.work(endMs);
      this.#end('done');
      this.#begin('recover', Math.max(0, endMs - clock.now()));
      await watchAftermath(watched, endMs);
    }
    this.#end('done');
    return false;
  }

  /** Breaks the cluster, runs the runbook, and watches; returns whether it recovered. */
  async #withFault(watched: Watched, insideNodes: ReadonlySet<string>): Promise<boolean> {
    const { spec, cluster, clock, signal } = watched;
    const { scenario, profile } = spec;
    const { fault } = scenario;
    const horizonMs = scenario.horizonMs[profile.name];
    this.#begin('inject', fault.witnessDeadlineMs + 60_000 + waitingMs(fault.inject));
    if (!(await runSteps(watched, 'prepare', fault.prepare)))
      throw new TrialStopped(
        'environment',
        `the fault ${fault.id} could not be prepared; see its steps in events.jsonl`,
      );
    const shift = await this.#beginShift(watched);
    // A fixed warm-up would make every detector's loop look precise: hit it at a random phase, reproducibly.
    const longestLoop = Math.max(0, ...scenario.detectors.map((d) => d.periodMs(profile)));
    if (shift === undefined) await clock.sleep(seeded(spec.seed)() * Math.min(longestLoop, seconds(15)), signal);
    else await shift.quiet(spec.seed);
    this.#ledger = writeUndoLedger(join(spec.dir, 'undo.json'), {
      cluster: cluster.name,
      fault: fault.id,
      nodes: [...insideNodes],
      undo: fault.undo,
    });
    const responding = await this.#beginResponding(watched);
    shift?.faultBegins();
    const injectMs = clock.now();
    this.narrator.injectMs = injectMs;
    this.#faultInEffect = true;
    const { instead } = spec.claimed.runbook;
    using early = deadline(Infinity, signal);
    const looks = instead === undefined ? noteNotYet(watched, early.signal) : undefined;
    let onsetMs: number;
    try {
      await runSteps(watched, 'inject', instead ?? fault.inject);
      onsetMs = instead === undefined ? await awaitWitness(watched) : await lookOnce(watched);
    } finally {
      early.abort(new Error('the fault is in effect, or never will be'));
      await looks;
    }
    this.#end('done');

    responding?.tell();
    shift?.tell();
    this.#begin('observe', profile.runbookDelayMs + delayOf(spec.control));
    if (shift !== undefined) return await this.#watchShift(shift, watched, onsetMs);
    if (responding?.begun !== true) await awaitTrigger(watched, injectMs, onsetMs);
    this.#end('done');

    this.#begin('runbook', horizonMs);
    if (responding === undefined) await runSteps(watched, 'runbook', spec.claimed.runbook.steps);
    else await responding.work(onsetMs + horizonMs);
    this.#end('done');

    this.#begin('recover', Math.max(0, onsetMs + horizonMs - clock.now()));
    const complete = await watchRecovery(watched, onsetMs + horizonMs);
    this.#end('done');
    return complete;
  }

  /** Puts whoever responds to a desk; undefined where a runbook is followed. */
  async #beginResponding(watched: Watched): Promise<Responding | undefined> {
    const responder = this.deps.responders?.get(this.spec.claimed.runbook.id);
    if (responder === undefined) return undefined;
    const responding = await beginResponding(watched, responder);
    this.teardown.defer('close the desk', 30_000, () => responding.close());
    return responding;
  }

  /** Somebody sits down at the healthy cluster, where a person is to answer. */
  async #beginShift(watched: Watched): Promise<RunningShift | undefined> {
    const { onCall } = this.spec;
    if (onCall === undefined) return undefined;
    const shift = new RunningShift(watched, onCall);
    this.teardown.defer('end the shift', 15_000, () => shift.close());
    await shift.begin();
    return shift;
  }

  /** A person does what a runbook would; when that would have begun, what is broken is settled all the same. */
  async #watchShift(shift: RunningShift, { clock, spec, signal }: Watched, onsetMs: number): Promise<boolean> {
    const endMs = onsetMs + spec.scenario.horizonMs[spec.profile.name];
    const watching = shift.watch(endMs);
    await Promise.race([watching, clock.sleepUntil(onsetMs + spec.profile.runbookDelayMs, signal)]);
    this.#end('done');
    this.#begin('runbook', Math.max(0, endMs - clock.now()));
    const complete = await watching;
    this.#end('done');
    return complete;
  }

  /** Makes the cluster the postmortem's, and with the prevention that this arm is about. */
  async #setUp(cluster: Cluster, signal: AbortSignal): Promise<void> {
    const { scenario, claimed } = this.spec;
    const steps = [...(scenario.setup ?? []), ...(claimed.runbook.before ?? [])];
    const context = { cluster, journal: this.journal, clock: this.clock, signal };
    if (!(await runSteps(context, 'setup', steps)))
      throw new TrialStopped('environment', 'the cluster could not be set up; see its steps in events.jsonl');
  }

  /** Starts the monitoring, where rules are to be evaluated; what it kept is written down before it goes. */
  async #startAlerts(cluster: Cluster, signal: AbortSignal): Promise<AlertStack | undefined> {
    const { spec, journal, clock, onProgress } = this;
    if (this.deps.startAlerts === undefined) return undefined;
    onProgress({ type: 'phase', name: 'provision', state: 'started', detail: 'starting Prometheus and Alertmanager' });
    const alerts = await this.deps.startAlerts({ cluster, clock, signal });
    this.teardown.defer('stop the monitoring', 45_000, () => alerts.stop());
    this.teardown.defer('keep what Prometheus has', 90_000, async () => {
      using patience = deadline(85_000);
      for (const event of await alerts.history(patience.signal)) journal.write(event);
      await alerts.keep(join(spec.dir, 'metrics.tar.gz'), patience.signal);
    });
    journal.write(alerts.facts);
    return alerts;
  }

  /** Watches over this machine while the trial has it; the teardown is not to be stopped by it. */
  #guard(outer: AbortSignal): Guard {
    const { spec, clock, journal, onProgress } = this;
    return guardHost({
      what: `trial ${spec.id}`,
      limits: spec.limits,
      read: () => this.deps.readHost(),
      clock,
      onExceeded: (exceeded) => {
        this.#endangered = true;
        journal.write({ type: 'limit', ...exceeded });
        onProgress({ type: 'note', level: 'warning', text: `abort condition: ${exceededText(exceeded)}` });
      },
      parent: outer,
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
    this.narrator.indicators(this.tracker);
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
    // What endangers the machine is not left on it.
    if (this.#endangered) return false;
    if (keep === 'always') return true;
    return keep === 'on-failure' && !outer.aborted && !this.#wentWell();
  }

  /** Whether nobody will ask why: it went well, or with `orExpected` it is known that this runbook ends nothing. */
  #wentWell(orExpected = false): boolean {
    const { outcome, claim } = analyseTrial(this.journal.events);
    if (isSuccess(outcome)) return true;
    return orExpected && claim.expect === 'does-not-recover' && outcome === 'not-recovered';
  }

  /** Of a trial that somebody will ask about: the cluster is gone by then, and with it what its nodes wrote. */
  async #keepLogs(cluster: Cluster, outer: AbortSignal): Promise<void> {
    if (outer.aborted || this.#wentWell(true)) return;
    const dir = join(this.spec.dir, 'nodes');
    const since = this.clock.wallEpochMs;
    const missing = keepNodeLogs(await this.deps.nodeLogs(cluster, since, outer), dir, since);
    for (const line of missing) this.journal.write({ type: 'note', text: `no logs of ${line}` });
    this.onProgress({ type: 'note', text: `the logs of its nodes are in ${dir}` });
  }
}
