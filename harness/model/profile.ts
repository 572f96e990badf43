import { z } from 'zod';
import { millis, minutes, seconds, type Millis } from './units.ts';

/** `stock`: the timers that people really run. `fast`: shortened ones, labelled so; the two are never compared. */
export const profileSchema = z.enum(['stock', 'fast']);
export type ProfileName = z.infer<typeof profileSchema>;

/** Every timer that a trial depends on, in milliseconds. */
export interface Profile {
  readonly name: ProfileName;
  /** How long steady state must hold before the fault, and how long restored service must hold to count. */
  readonly steadyHoldMs: Millis;
  readonly steadyDeadlineMs: Millis;
  readonly holdMs: Millis;
  /** A runbook starts this long after the fault's onset (trigger `oracle`). */
  readonly runbookDelayMs: Millis;
  /** kubelet's nodeStatusUpdateFrequency and the controller manager's node-monitor-grace-period. */
  readonly kubeletStatusMs: Millis;
  readonly nodeGraceMs: Millis;
  /** The workload's liveness probes: period; the failure threshold stays Kubernetes' default of 3. */
  readonly podProbeMs: Millis;
  /**
   * The workload's readiness probes: period; the threshold is set so that a pod is given up as late as by three failures
   * `podProbeMs` apart. That a pod is well again is noticed this much sooner.
   */
  readonly readinessMs: Millis;
  /** How long the kubelet waits for the container runtime (runtimeRequestTimeout); for a pod's sandbox twice as long. */
  readonly runtimeRequestMs: Millis;
  /** Where the kubelet's crash back-off (10, 20, 40 … s) stops growing. */
  readonly crashBackOffMaxMs: Millis;
  /** How often a polling detector looks (Prometheus' scrape interval, a person's `kubectl get -w` being 1 s). */
  readonly scrapeMs: Millis;
  readonly evaluationMs: Millis;
  /** Over how long an alert on a rate looks back (`increase(...[5m])` is what most rules have). */
  readonly alertWindowMs: Millis;
  readonly pollMs: Millis;
  /** After full recovery the trial is watched this much longer, so that a relapse is seen. */
  readonly relapseWatchMs: Millis;
  /** No runbook is named in a verdict before it was watched for so long after service was stable, once: controllers and timers undo fixes. */
  readonly confirmMs: Millis;
}

/**
 * Stock values: kubelet 10 s, its 2 min for the runtime and grace 50 s are Kubernetes 1.34's defaults (kubelet and kube-controller-manager reference);
 * 10 s pod probes are postmortem 002's; 15 s scrape and 1 min evaluation are what most Prometheus set-ups run.
 */
export const profiles: Readonly<Record<ProfileName, Profile>> = {
  stock: {
    name: 'stock',
    steadyHoldMs: seconds(30),
    steadyDeadlineMs: minutes(5),
    holdMs: seconds(60),
    runbookDelayMs: seconds(90),
    kubeletStatusMs: seconds(10),
    nodeGraceMs: seconds(50),
    podProbeMs: seconds(10),
    readinessMs: seconds(10),
    runtimeRequestMs: seconds(120),
    crashBackOffMaxMs: seconds(300),
    scrapeMs: seconds(15),
    evaluationMs: minutes(1),
    alertWindowMs: minutes(5),
    pollMs: seconds(5),
    relapseWatchMs: seconds(60),
    confirmMs: minutes(10),
  },
  fast: {
    name: 'fast',
    steadyHoldMs: seconds(10),
    steadyDeadlineMs: minutes(3),
    holdMs: seconds(20),
    runbookDelayMs: seconds(15),
    kubeletStatusMs: seconds(2),
    nodeGraceMs: seconds(10),
    podProbeMs: seconds(5),
    readinessMs: seconds(1),
    runtimeRequestMs: seconds(15),
    crashBackOffMaxMs: seconds(30),
    scrapeMs: seconds(2),
    evaluationMs: seconds(2),
    alertWindowMs: seconds(30),
    pollMs: millis(1000),
    relapseWatchMs: seconds(10),
    confirmMs: minutes(5),
  },
};

/** How much shorter than in life a profile's times are: those of Prometheus and its rules, and of node checks. */
export const shortenedBy = ({ scrapeMs }: Pick<Profile, 'scrapeMs'>): number => profiles.stock.scrapeMs / scrapeMs;
