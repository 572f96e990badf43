import { grouped } from '../model/grouped.ts';
import type { PlannedTrial } from '../model/plan.ts';

/**
 * Runs the trials of a plan block by block, at most `parallel` blocks at once: the trials of one block follow one another, so
 * that what is compared within it was never on the machine at the same time. A trial that `run` resolves with follows at once, in the
 * same block. The first that rejects ends the rest: `stopRest` is
 * called once, no further trial begins, and its error is thrown when all have ended.
 */
export async function inBlocks(
  trials: readonly PlannedTrial[],
  parallel: number,
  run: (trial: PlannedTrial) => Promise<PlannedTrial | undefined>,
  stopRest: (error: unknown) => void = () => undefined,
): Promise<void> {
  const queue = [...grouped(trials, ({ block }) => block).values()];
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (let block = queue.shift(); block !== undefined; block = queue.shift()) {
      for (let trial = block.shift(); trial !== undefined; trial = block.shift()) {
        if (failures.length > 0) return;
        try {
          const next = await run(trial);
          if (next !== undefined) block.unshift(next);
        } catch (error) {
          if (failures.push(error) === 1) stopRest(error);
          return;
        }
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, parallel) }, worker));
  if (failures.length > 0) throw failures[0];
}
