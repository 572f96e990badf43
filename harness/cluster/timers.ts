import type { Profile } from '../model/profile.ts';

const duration = (ms: number): string => `${ms / 1000}s`;

/**
 * The kubelet's timers of a profile, as fields of a KubeletConfiguration.
 *
 * A heartbeat is a lease renewed every quarter of nodeLeaseDurationSeconds as well as a status report: both follow
 * `kubeletStatusMs`, or a short grace period would find a healthy node late. nodeStatusReportFrequency is written down
 * because the kubelet lowers it silently once nodeStatusUpdateFrequency is given (KubeletConfiguration reference).
 * `fast` also caps the kubelet's crash back-off at 30 s (KubeletCrashLoopBackOffMax, alpha in 1.34), where Kubernetes
 * climbs to 5 minutes: the environment of each trial says so.
 */
export function kubeletTimers(profile: Profile): Readonly<Record<string, unknown>> {
  return {
    failCgroupV1: false,
    nodeStatusUpdateFrequency: duration(profile.kubeletStatusMs),
    nodeStatusReportFrequency: '5m0s',
    runtimeRequestTimeout: duration(profile.runtimeRequestMs),
    nodeLeaseDurationSeconds: Math.max(1, Math.round((4 * profile.kubeletStatusMs) / 1000)),
    ...(profile.name === 'fast'
      ? {
          featureGates: { KubeletCrashLoopBackOffMax: true },
          crashLoopBackOff: { maxContainerRestartPeriod: duration(profile.crashBackOffMaxMs) },
        }
      : {}),
  };
}

/** The controller manager's timers of a profile, as its flags. */
export function controllerTimers(profile: Profile): Readonly<Record<string, string>> {
  return {
    'node-monitor-grace-period': duration(profile.nodeGraceMs),
    // Default 5 s; a grace period of 10 s would be judged up to half of it late.
    ...(profile.name === 'fast' ? { 'node-monitor-period': '1s' } : {}),
  };
}

/** What a trial's record says about the timers that are not Kubernetes' defaults. */
export function timerFacts(profile: Profile): Record<string, string> {
  return {
    'timer.kubelet-status': duration(profile.kubeletStatusMs),
    'timer.node-grace': duration(profile.nodeGraceMs),
    'timer.pod-probe': duration(profile.podProbeMs),
    'timer.pod-readiness': duration(profile.readinessMs),
    'timer.runtime-request': duration(profile.runtimeRequestMs),
    'timer.crash-back-off-max': duration(profile.crashBackOffMaxMs),
  };
}
