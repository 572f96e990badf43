import { humanDuration } from '../../harness/model/units.ts';

/** One thing that was to be shown, and what was seen. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly seen: string;
}

/** A check as two lines of TAP: the verdict, and what was seen. */
export function tapLines(check: Check, index: number): readonly string[] {
  const seen = check.seen.replace(/\s+/g, ' ').trim();
  return [`${check.ok ? 'ok' : 'not ok'} ${index} - ${check.name}`, `  # ${seen === '' ? 'nothing was seen' : seen}`];
}

/** Checks that are said as soon as they are made: a run that stops later has shown them. */
export function sayingChecks(): {
  readonly checks: readonly Check[];
  readonly check: (this: void, name: string, ok: boolean, seen: string) => void;
} {
  const checks: Check[] = [];
  return {
    checks,
    check: (name, ok, seen) => {
      checks.push({ name, ok, seen });
      process.stdout.write(`${tapLines({ name, ok, seen }, checks.length).join('\n')}\n`);
    },
  };
}

/** The last line: `12 passed, 1 failed`. A run that stopped half-way has failed, whatever it had shown until then. */
export function lastLine(checks: readonly Check[], stopped: boolean): string {
  const failed = checks.filter((check) => !check.ok).length + (stopped ? 1 : 0);
  return `${checks.length - checks.filter((check) => !check.ok).length} passed, ${failed} failed`;
}

/** A part of the whole, with what it takes where nobody has measured it yet, in seconds. */
export interface Part {
  readonly id: string;
  readonly title: string;
  readonly typicalS: number;
}

/**
 * `[3/12] rebooting ... (about 9 min left)`.
 * @param durations how long parts took here the last time, milliseconds by id
 */
export function progressLine(parts: readonly Part[], id: string, durations: Readonly<Record<string, number>>): string {
  const at = parts.findIndex((part) => part.id === id);
  const left = parts
    .slice(Math.max(0, at))
    .reduce((sum, part) => sum + (durations[part.id] ?? part.typicalS * 1000), 0);
  return `[${at + 1}/${parts.length}] ${parts[at]?.title ?? id} (about ${humanDuration(left)} left)`;
}
