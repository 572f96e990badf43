import type { OnPanicStep, ShellStep, UntilStep, RebootStep, PowerOffStep, Place, NodeSelector } from './step.ts';
import { seconds, type Millis } from './units.ts';

type Extra = Partial<Pick<ShellStep, 'destroys' | 'finding' | 'optional' | 'standsFor' | 'timeoutMs'>>;

/** A step that only looks: what a person types to understand, before touching anything. Never ends a runbook. */
export function look(name: string, on: Place, command: string, extra: Extra = {}): ShellStep {
  return { kind: 'shell', name, on, command, changes: false, optional: true, timeoutMs: seconds(20), ...extra };
}

/** A step that changes something. */
export function act(name: string, on: Place, command: string, extra: Extra = {}): ShellStep {
  return { kind: 'shell', name, on, command, changes: true, timeoutMs: seconds(60), ...extra };
}

/** Waits until a command succeeds, looking once a second. */
export function until(
  name: string,
  on: Place,
  command: string,
  timeoutMs: Millis,
  extra: Omit<Extra, 'timeoutMs'> = {},
): UntilStep {
  return { kind: 'until', name, on, command, changes: false, timeoutMs, ...extra };
}

/** A power cycle. */
export function reboot(name: string, on: NodeSelector, timeoutMs: Millis): RebootStep {
  return { kind: 'reboot', name, on, changes: true, timeoutMs };
}

/** The power fails and stays away. */
export function powerOff(name: string, on: NodeSelector): PowerOffStep {
  return { kind: 'power-off', name, on, changes: true, timeoutMs: seconds(30) };
}

/** Says what a machine does after a kernel panic (`sysctl kernel.panic`). */
export function onPanic(name: string, on: NodeSelector, then: OnPanicStep['then']): OnPanicStep {
  return { kind: 'on-panic', name, on, then, changes: true, timeoutMs: seconds(30) };
}
