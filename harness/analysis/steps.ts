import type { TrialRecord, WholeStepRecord } from '../model/record.ts';
import { midpoint, type Interval } from '../model/units.ts';
import type { TrialLog } from './log.ts';
import { whole } from './numbers.ts';

export type PhaseRecord = TrialRecord['phases'][number];

/** Every command that ran, with its start and end; one that never ended was still running when the log ended, and failed. */
export function stepsOf(log: TrialLog): readonly WholeStepRecord[] {
  const open = new Map<string, number>();
  const steps: WholeStepRecord[] = [];
  for (const event of log.of('step')) {
    const key = JSON.stringify([event.part, event.index, event.on]);
    if (event.state === 'skipped') continue;
    if (event.state === 'started') {
      open.set(key, steps.length);
      steps.push({
        part: event.part,
        name: event.name,
        on: event.on,
        command: event.command,
        changes: event.changes,
        ...(event.finding === true ? { finding: true } : {}),
        fromMs: whole(event.atMs),
        toMs: whole(log.lastMs),
        ok: false,
      });
      continue;
    }
    const at = open.get(key);
    const begun = at === undefined ? undefined : steps[at];
    if (at === undefined || begun === undefined) continue;
    open.delete(key);
    steps[at] = {
      ...begun,
      toMs: whole(event.atMs),
      ok: event.state === 'done',
      ...(event.exitCode === undefined ? {} : { exitCode: event.exitCode }),
      ...(event.output === undefined || event.output === '' ? {} : { output: event.output }),
    };
  }
  return steps;
}

/** The phases with their bounds; one that never ended lasts to the end of the log. */
export function phasesOf(log: TrialLog): readonly PhaseRecord[] {
  const open = new Map<string, number>();
  const phases: PhaseRecord[] = [];
  for (const event of log.of('phase')) {
    const at = open.get(event.name);
    if (event.state === 'started') {
      open.set(event.name, phases.length);
      phases.push({ name: event.name, fromMs: whole(event.atMs), toMs: whole(log.lastMs) });
    } else if (at !== undefined) {
      const begun = phases[at];
      if (begun !== undefined) phases[at] = { ...begun, toMs: whole(event.atMs) };
      open.delete(event.name);
    }
  }
  return phases;
}

/**
 * What the runbook did: from its first changing command to the end of its last step. Undefined when it changed nothing
 * (`wait`). A command that runs on several nodes side by side counts once, for it is typed once.
 */
export function mitigationOf(log: TrialLog): TrialRecord['mitigation'] {
  const runbook = log.of('step').filter((s) => s.part === 'runbook');
  const changing = runbook.filter((s) => s.changes && s.state === 'started');
  const first = changing[0];
  if (first === undefined) return undefined;
  const responds = log.started.responder !== undefined;
  const ends = runbook.filter((s) => s.state === 'done' || s.state === 'failed');
  // A runbook that was cut in the middle lasts as long as anything was seen.
  const running = runbook.some(
    (s) => s.state === 'started' && !ends.some((e) => e.index === s.index && e.on === s.on && e.seq > s.seq),
  );
  const indices = new Set(changing.map((s) => s.index));
  const destroys = [...indices].flatMap((i) => {
    const words = log.started.steps[i]?.destroys;
    return words === undefined ? [] : [words];
  });
  return {
    startMs: whole(first.atMs),
    endMs: whole(running ? log.lastMs : Math.max(first.atMs, ...ends.map((e) => e.atMs))),
    commands: indices.size,
    // A look that finds nothing ends with 1, and is no failure of who looks.
    failed: new Set(ends.filter((e) => e.state === 'failed' && (!responds || e.changes)).map((e) => e.index)).size,
    destroys: [...new Set(destroys)],
  };
}

/** What a responder did; undefined where a runbook was followed. */
export function responderOf(log: TrialLog, onset: Interval | undefined): TrialRecord['responder'] {
  if (log.started.responder === undefined) return undefined;
  const commands = log.of('step').filter((s) => s.part === 'runbook' && s.state === 'started');
  const changing = commands.filter((s) => s.changes);
  const ended = log.of('responder').at(-1);
  const since = (step: { readonly atMs: number } | undefined): number | undefined =>
    step === undefined || onset === undefined ? undefined : whole(step.atMs - midpoint(onset));
  const firstLookMs = since(commands.find((s) => !s.changes));
  const firstChangeMs = since(changing[0]);
  return {
    ...(firstLookMs === undefined ? {} : { firstLookMs }),
    ...(firstChangeMs === undefined ? {} : { firstChangeMs }),
    commands: ended?.commands ?? commands.length,
    changes: changing.length,
    ...(ended === undefined ? {} : { how: ended.how, says: ended.says }),
  };
}
