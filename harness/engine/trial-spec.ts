import type { ClusterProvider } from '../cluster/provider.ts';
import type { AlertStack } from '../alerts/live/stack.ts';
import type { Cluster } from '../model/cluster.ts';
import type { ControlKind } from '../model/control.ts';
import type { EventBody, EventOf } from '../model/events.ts';
import type { HostReading, Limits } from '../model/limits.ts';
import type { Trigger } from '../model/plan.ts';
import { defaultSlo } from '../model/probe.ts';
import type { Profile } from '../model/profile.ts';
import type { ClaimedRunbook } from '../model/runbook.ts';
import type { Scenario } from '../model/scenario.ts';
import type { Sampling, startSampling } from '../sampling/sampler.ts';
import type { TrialClock } from './clock.ts';
import { delayOf } from './controls.ts';
import type { OnCall, Responders } from './on-call.ts';
import { commandOf, placeName } from './steps.ts';

/** A cluster together with the right to delete it. */
export type OwnedCluster = Cluster & { delete(): Promise<void> };

/** What a trial needs from the other rooms; unit tests hand in fakes. */
export interface TrialDeps {
  createCluster(signal: AbortSignal, onNote: (text: string) => void): Promise<OwnedCluster>;
  /** Notes that a cluster stays on purpose, so that nothing takes it for a leftover. */
  keepCluster(cluster: Cluster): void;
  /** The trial is over but for what is still under way: what the next one needs may be got ready. Absent where none follows. */
  windDown?(): void;
  /** Who responds, by the id of the runbook that stands for it; absent where all are followed step by step. */
  readonly responders?: Responders;
  /** What this machine has left, for the abort conditions. */
  readHost(): Promise<HostReading>;
  readonly nodeLogs: ClusterProvider['logs'];
  /** Opens the probes and samples them until stopped. */
  startSampling(options: Omit<Parameters<typeof startSampling>[0], 'containers'>): Promise<Sampling>;
  /** Starts Prometheus, its exporters and Alertmanager; resolves when all targets have been scraped. Absent where no rules are given. */
  startAlerts?(options: {
    readonly cluster: Cluster;
    readonly clock: TrialClock;
    readonly signal: AbortSignal;
  }): Promise<AlertStack>;
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
  /** How long service is watched after it is stable, in ms; the profile's time for a relapse where absent. */
  readonly watchMs?: number;
  /** When it is stopped, for this machine's sake. */
  readonly limits: Limits;
  /** A person who answers the outage instead of the runbook's steps; absent where the steps do. */
  readonly onCall?: OnCall;
  /** The trial's own folder: events.jsonl, undo.json and the workstation's files go there. */
  readonly dir: string;
  readonly keep: 'never' | 'on-failure' | 'always';
}

/**
 * A trial's first event: everything about it that its analysis must know beforehand.
 * @param wallEpochMs wall time of the trial's zero
 */
export function startedEvent(spec: TrialSpec, wallEpochMs: number): EventBody {
  const { scenario, profile } = spec;
  return {
    type: 'trial.started',
    schemaVersion: 1,
    trialId: spec.id,
    scenario: spec.scenarioId,
    runbook: spec.claimed.runbook.id,
    ...(spec.control === undefined ? {} : { control: spec.control }),
    profile: profile.name,
    seed: spec.seed,
    wallEpochMs,
    breaks: [...scenario.breaks],
    keeps: [...scenario.keeps],
    probes: scenario.probes.map(({ sli, title, periodMs, timeoutMs, slo = defaultSlo, bystander }) => ({
      sli,
      title,
      periodMs,
      timeoutMs,
      slo,
      bystander,
    })),
    detectors: scenario.detectors.map((d) => ({
      id: d.id,
      title: d.title,
      loop: d.loop(profile),
      leastTtdMs: d.leastTtdMs(profile),
      periodMs: d.periodMs(profile),
      expects: d.expects,
      ...(d.right === undefined ? {} : { right: d.right.map((labels) => ({ ...labels })) }),
      ...(d.judged === undefined ? {} : { judged: d.judged }),
    })),
    ...(spec.claimed.runbook.instead === undefined ? {} : { prevention: true }),
    ...(spec.claimed.runbook.responder === undefined ? {} : { responder: spec.claimed.runbook.responder }),
    claim: spec.claimed.claim,
    steps: spec.claimed.runbook.steps.map((step) => ({
      name: step.name,
      command: `[${placeName(step.on)}] ${commandOf(step)}`,
      changes: step.changes,
      ...(step.destroys === undefined ? {} : { destroys: step.destroys }),
    })),
    holdMs: profile.holdMs,
    watchMs: spec.watchMs ?? profile.relapseWatchMs,
    horizonMs: scenario.horizonMs[profile.name],
    runbookDelayMs: profile.runbookDelayMs + delayOf(spec.control),
  };
}
