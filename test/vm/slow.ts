import type { RunProcess } from '../../harness/cluster/process.ts';
import type { Cluster } from '../../harness/model/cluster.ts';
import { millis } from '../../harness/model/units.ts';
import type { Step } from '../../harness/model/step.ts';

/** How much more patience an emulated processor needs than a real one. */
const patience = 10;

/** A process of the harness, with the patience that a slow machine needs. */
export const slowly =
  (run: RunProcess): RunProcess =>
  (file, args, options = {}) =>
    run(file, args, {
      ...options,
      ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs * patience }),
    });

/** A scenario's step, word for word but for its time-outs. */
export function patient<S extends Step>(step: S): S {
  const timeoutMs = millis(step.timeoutMs * patience);
  if (!('command' in step)) return { ...step, timeoutMs };
  const command = step.command.replace(/--timeout=(\d+)s/g, (_, n: string) => `--timeout=${Number(n) * patience}s`);
  return { ...step, timeoutMs, command };
}

/** Looks into nodes with the patience that a slow machine needs: to open a shell there takes seconds. */
export const patientLook =
  (look: Cluster['look']): Cluster['look'] =>
  (node, command, { timeoutMs, ...options }) =>
    look(node, command, {
      ...options,
      ...(timeoutMs === undefined ? {} : { timeoutMs: millis(timeoutMs * patience) }),
    });
