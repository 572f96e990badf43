import type { PlannedTrial } from '../model/plan.ts';

/**
 * Runs the trials of a plan block by block, at most `parallel` blocks at once: the trials of one block follow one another, so
 * that what is compared within it was never on the machine at the same time. The first that rejects ends the rest: `stopRest` is
 * called once, no further trial begins, and its error is thrown when all have ended.
 */
export async function inBlocks(
  trials: readonly PlannedTrial[],
  parallel: number,
  run: (trial: PlannedTrial, index: number) => Promise<void>,
  stopRest: (error: unknown) => void = () => undefined,
): Promise<void> {
  const blocks = new Map<number, { readonly trial: PlannedTrial; readonly index: number }[]>();
  for (const [index, trial] of trials.entries()) {
    const block = blocks.get(trial.block) ?? [];
    block.push({ trial, index });
    blocks.set(trial.block, block);
  }
  const queue = [...blocks.values()];
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (let block = queue.shift(); block !== undefined; block = queue.shift()) {
      for (const { trial, index } of block) {
        if (failures.length > 0) return;
        try {
          await run(trial, index);
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
