import type { Cluster, ExecResult } from '../model/cluster.ts';
import type { EventOf } from '../model/events.ts';
import type { WitnessCheck } from '../model/fault.ts';
import type { NodeSelector, Place, Step } from '../model/step.ts';
import { millis, seconds } from '../model/units.ts';
import type { Clock } from './clock.ts';
import type { Journal } from './journal.ts';

/** `workers`, `control-plane`, `worker 1`, `workstation`: a place in words. */
export function placeName(place: Place): string {
  return typeof place === 'string' ? place : `worker ${place.worker}`;
}

/** What a person would type for a step, also where the harness has to do it by other means. */
export function commandOf(step: Step): string {
  switch (step.kind) {
    case 'shell':
      return step.command;
    case 'until':
      return `until ${step.command}; do sleep 1; done`;
    case 'reboot':
      return 'reboot';
    case 'power-off':
      return 'poweroff --force --force';
    case 'on-panic':
      return `sysctl -w kernel.panic=${step.then === 'reboot' ? 10 : 0}`;
  }
}

export interface StepContext {
  readonly cluster: Cluster;
  readonly journal: Pick<Journal, 'write'>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Runs steps in order and journals each. Stops at the first failed step that is not optional; the rest are journalled as
 * skipped. Returns whether all went well. Rejects only when aborted.
 */
export async function runSteps(
  context: StepContext,
  part: EventOf<'step'>['part'],
  steps: readonly Step[],
): Promise<boolean> {
  let failed = false;
  for (const [index, step] of steps.entries()) {
    const base = {
      type: 'step',
      part,
      index,
      name: step.name,
      on: placeName(step.on),
      command: commandOf(step),
      changes: step.changes,
      ...(step.finding === true ? { finding: true } : {}),
    } as const;
    if (failed) {
      context.journal.write({ ...base, state: 'skipped' });
      continue;
    }
    context.signal.throwIfAborted();
    context.journal.write({ ...base, state: 'started' });
    const result = await runStep(context, step);
    context.signal.throwIfAborted();
    const ok = result.exitCode === 0;
    context.journal.write({
      ...base,
      state: ok ? 'done' : 'failed',
      exitCode: result.exitCode,
      output: lastLines(redact(`${result.stdout}\n${result.stderr}`)),
    });
    if (!ok && step.optional !== true) failed = true;
  }
  return !failed;
}

async function runStep(context: StepContext, step: Step): Promise<ExecResult> {
  const { cluster, signal } = context;
  switch (step.kind) {
    case 'shell':
      return runAt(cluster, step.on, step.command, step.timeoutMs, signal);
    case 'until': {
      const end = context.clock.now() + step.timeoutMs;
      for (;;) {
        const left = end - context.clock.now();
        const result = await runAt(cluster, step.on, step.command, Math.max(1000, Math.min(left, 30_000)), signal);
        if (result.exitCode === 0) return result;
        if (context.clock.now() + 1000 > end) return { ...result, exitCode: 124 };
        await context.clock.sleep(1000, signal);
      }
    }
    // In address order, one after the other is what `reboot` in a loop over ssh does; the nodes boot side by side.
    case 'reboot':
      return onEach(cluster, step.on, (node) => cluster.reboot(node, { timeoutMs: step.timeoutMs, signal }));
    case 'power-off':
      return onEach(cluster, step.on, (node) => cluster.powerOff(node, { timeoutMs: step.timeoutMs, signal }));
    case 'on-panic':
      return onEach(cluster, step.on, (node) =>
        cluster.onPanic(node, step.then, { timeoutMs: step.timeoutMs, signal }),
      );
  }
}

/** What is done to a node from outside, on several side by side; failing on one is failing. */
async function onEach(cluster: Cluster, on: NodeSelector, does: (node: string) => Promise<void>): Promise<ExecResult> {
  try {
    await Promise.all(cluster.select(on).map((node) => does(node.name)));
    return { exitCode: 0, stdout: '', stderr: '' };
  } catch (error) {
    return { exitCode: 1, stdout: '', stderr: error instanceof Error ? error.message : String(error) };
  }
}

/** Runs a command at a place; on several nodes side by side, the worst exit code counting and outputs headed by node. */
async function runAt(
  cluster: Cluster,
  place: Place,
  command: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ExecResult> {
  const options = { timeoutMs: millis(timeoutMs), signal };
  if (place === 'workstation') return cluster.workstation(command, options);
  const nodes = cluster.select(place);
  const results = await Promise.all(
    nodes.map(async (node) => ({ node, result: await cluster.exec(node.name, command, options) })),
  );
  const head = (name: string, text: string) => (text.trim() === '' ? '' : `[${name}] ${text.trim()}\n`);
  return {
    exitCode: results.reduce((worst, { result }) => Math.max(worst, result.exitCode), 0),
    stdout: results.map(({ node, result }) => head(node.name, result.stdout)).join(''),
    stderr: results.map(({ node, result }) => head(node.name, result.stderr)).join(''),
  };
}

/**
 * One look of the witness: every check on every selected node. Node access is past the cluster, so that a broken one
 * cannot hide its own state.
 */
export async function lookForFault(
  cluster: Cluster,
  checks: readonly WitnessCheck[],
  signal: AbortSignal,
): Promise<{ readonly confirmed: boolean; readonly anyHolds: boolean; readonly evidence: readonly string[] }> {
  const looks = checks.flatMap((check) =>
    cluster.select(check.on).map(async (node) => {
      // On a machine that is short of CPU a kubectl alone may take seconds; one that is cut is no evidence.
      const result = await cluster.look(node.name, check.command, { timeoutMs: seconds(15), signal });
      const seen = result.stdout.trim();
      const holds = result.exitCode === 0 && new RegExp(check.expect, 'm').test(seen);
      return {
        holds,
        line: `${node.name}: ${check.name}: ${holds ? 'yes' : 'no'} (${lastLines(redact(seen), 2, 160) || 'nothing printed'})`,
      };
    }),
  );
  const results = await Promise.all(looks);
  return {
    // An empty list of checks would confirm anything: a fault without a witness is not a fault.
    confirmed: results.length > 0 && results.every((r) => r.holds),
    anyHolds: results.some((r) => r.holds),
    evidence: results.map((r) => r.line),
  };
}

/** Keeps what a reader needs of a command's output. */
export function lastLines(text: string, lines = 12, length = 2000): string {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-lines)
    .join('\n')
    .slice(-length);
}

/** Takes out what must never reach a log or a report: keys, tokens, passwords, long base64. */
export function redact(text: string): string {
  return text
    .replace(/-----BEGIN [^-]+-----[\s\S]*?(-----END [^-]+-----|$)/g, '[key removed]')
    .replace(/\beyJ[\w-]+\.[\w-]+\.[\w-]+/g, '[token removed]')
    .replace(/\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g, '[token removed]')
    .replace(/((?:password|passwd|token|secret|certificate-key)["']?\s*[:=]\s*)["']?[^\s"',]+/gi, '$1[removed]')
    .replace(/[A-Za-z0-9+/]{120,}={0,2}/g, '[base64 removed]');
}
