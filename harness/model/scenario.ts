import type { RightAlert } from './alert.ts';
import type { Cluster } from './cluster.ts';
import type { Detector } from './detector.ts';
import { whyNot, type Distribution, type Requirement } from './distribution.ts';
import type { Fault, Fidelity } from './fault.ts';
import type { Probe } from './probe.ts';
import { profiles, type Profile, type ProfileName } from './profile.ts';
import type { ClaimedRunbook, Claim, Runbook } from './runbook.ts';
import type { Step } from './step.ts';
import { millis, type Millis } from './units.ts';

/** The documented outage that a scenario replays, and what its postmortem claims. */
export interface Outage {
  readonly title: string;
  /** Number and title of the postmortem. */
  readonly source: string;
  readonly date: string;
  /** One claim a line; printed beside the measurement. */
  readonly says: readonly string[];
  /** How long it went unnoticed in the postmortem, for "this alert would have saved ..."; 0 when it does not tell. */
  readonly undetectedMs: Millis;
  /** How long the postmortem's own recovery took; 0 when it does not tell. */
  readonly recoveryMs: Millis;
}

/** Everything about one documented outage. Declared in one file under `scenarios/`, whose name is the command's. */
export interface Scenario {
  readonly outage: Outage;
  readonly fidelity: Fidelity;
  /** What is not as in the postmortem, said openly. */
  readonly differences: readonly string[];
  /** What a distribution must be like beyond what the fault requires: for `setup`, `build` and alerts. */
  readonly requires?: readonly Requirement[];
  readonly cluster: {
    readonly workers: number;
    /** Folder under `manifests/`, or an absolute path. */
    readonly workload: string;
  };
  /** URLs that the user load asks for, by nodes' addresses. Absent: our workload's service, on every node; none: there is no load. */
  readonly users?: (cluster: Pick<Cluster, 'select'>) => readonly string[];
  /**
   * What else makes this cluster the postmortem's (one CoreDNS where there are two, a longer lease), done on every trial's cluster before
   * steady state is measured. Absent: nothing.
   */
  readonly setup?: readonly Step[];
  /**
   * Like `setup`, but done once, before the snapshot is taken of which all trials' clusters are copies: for what takes long. It must lie on disk, for the
   * nodes are switched off in between: files, objects of the API, pods. Firewall rules, links, processes and limits belong in `setup`. Such a scenario
   * has a snapshot of its own.
   */
  readonly build?: readonly Step[];
  readonly probes: readonly Probe[];
  /** SLIs that this outage must break, else the trial is invalid. */
  readonly breaks: readonly string[];
  /** SLIs that the postmortem says kept working; breaking them is reported. */
  readonly keeps: readonly string[];
  readonly fault: Fault;
  readonly detectors: readonly Detector[];
  /**
   * Alerts of rules that name the cause, whoever's rules they are; `[]` where no rule does. Absent, in an outage of a user's own alone: nobody has
   * said, and the names of alerts are not judged. See `rightLabels`.
   */
  readonly rightAlerts?: readonly RightAlert[];
  readonly runbooks: readonly ClaimedRunbook[];
  /**
   * How long restored service must hold to count, where the profile's time would be too short: an outage that comes and goes must be
   * outlasted. The longer of the two holds.
   */
  readonly holdMs?: Readonly<Record<ProfileName, Millis>>;
  /** How long after the onset a trial is watched at most. */
  readonly horizonMs: Readonly<Record<ProfileName, Millis>>;
}

/** The profile's timers for a scenario: its own stability window where that is longer. */
export function timersOf(scenario: Pick<Scenario, 'holdMs'>, profile: ProfileName): Profile {
  const timers = profiles[profile];
  return { ...timers, holdMs: millis(Math.max(timers.holdMs, scenario.holdMs?.[profile] ?? 0)) };
}

/** A scenario as its file exports it: made for a distribution, for what is typed on a cluster depends on it; or the same on every one. */
export type DeclaredScenario = Scenario | ((distribution: Distribution) => Scenario);

/** Types a scenario file's default export; errors in it show at compile time. */
export function defineScenario<D extends DeclaredScenario>(declared: D): D {
  return declared;
}

/** What there is of a scenario on a distribution: without the runbooks that do not exist there (by id, with the reason), or, for that reason, nothing. */
export type Existence =
  { readonly scenario: Scenario; readonly without: ReadonlyMap<string, string> } | { readonly why: string };

/** What there is of a scenario on the distribution that it was made for. Reasons are sentences without their full stop. */
export function existence(scenario: Scenario, distribution: Distribution): Existence {
  const why = whyNot([...(scenario.fault.requires ?? []), ...(scenario.requires ?? [])], distribution);
  if (why !== undefined) return { why };
  const without = new Map<string, string>();
  const runbooks = scenario.runbooks.filter(({ runbook: { id, requires } }) => {
    const reason = whyNot(requires, distribution);
    if (reason !== undefined) without.set(id, reason);
    return reason === undefined;
  });
  return { scenario: { ...scenario, runbooks }, without };
}

/** Puts a runbook into a scenario together with what the postmortem claims for it. */
export function claimed(runbook: Runbook, expect: Claim['expect'], says: string): ClaimedRunbook {
  return { runbook, claim: { expect, says } };
}
