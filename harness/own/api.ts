/**
 * What a scenario, fault or runbook in a folder of a user's own imports from `firedrill`: the declarations, the kinds of steps, and the times.
 * Faults, detectors, runbooks and probes of ours are `firedrill/faults/<name>` and so on; what runs on every cluster is `firedrill/probes`.
 */
export { act, look, onPanic, powerOff, reboot, until } from '../model/define.ts';
export { claimed, defineScenario, type DeclaredScenario, type Outage, type Scenario } from '../model/scenario.ts';
export { defineFault, type Fault, type WitnessCheck } from '../model/fault.ts';
export type { ClaimedRunbook, Runbook } from '../model/runbook.ts';
export type { Detector, DetectorContext, Reading } from '../model/detector.ts';
export type { Probe, ProbeContext, ProbeSession } from '../model/probe.ts';
export type { Distribution } from '../model/distribution.ts';
export type { NodeSelector, Place, Step } from '../model/step.ts';
export { millis, minutes, seconds, type Millis } from '../model/units.ts';
export { problemsOf } from '../model/check.ts';
