import { grouped } from '../model/grouped.ts';
import type { PlannedTrial } from '../model/plan.ts';

/**
 * Runs the trials of a plan block by block, at most `parallel` blocks at once: the trials of one block follow one another, so
 * that what is compared within it was never on the machine at the same time. A trial that `run` resolves with follows at once, in the
 * same block. The first that rejects ends the rest: `stopRest` is
 * called once, no further trial begins, and its error is thrown when all have ended.
 *
 * @param enter resolves when a block may begin, with what is called at its end
 */
export async function inBlocks(
  trials: readonly PlannedTrial[],
  parallel: number,
  run: (trial: PlannedTrial) => Promise<PlannedTrial | undefined>,
  stopRest: (error: unknown) => void = () => undefined,
  enter?: (block: number) => Promise<() => void>,
): Promise<void> {
  const queue = [...grouped(trials, ({ block }) => block)];
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [number, block] = next;
      let end: (() => void) | undefined;
      try {
        if (enter !== undefined) end = await enter(number);
        for (let trial = block.shift(); trial !== undefined; trial = block.shift()) {
          if (failures.length > 0) return;
          const again = await run(trial);
          if (again !== undefined) block.unshift(again);
        }
      } catch (error) {
        if (failures.push(error) === 1) stopRest(error);
        return;
      } finally {
        end?.();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, parallel) }, worker));
  if (failures.length > 0) throw failures[0];
}
