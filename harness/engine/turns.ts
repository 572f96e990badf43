import { seeded, shuffled } from '../model/random.ts';

/** Whose turn it is, of several runs that draw their trials into the same blocks. */
export interface Turns {
  /** Resolves when everything before a run's block has ended, or at once when it is aborted; what it resolves with ends the block. */
  take(who: string, block: number, signal: AbortSignal): Promise<() => void>;
  /** A run that has no more blocks lets the others go on. */
  leave(who: string): void;
}

/**
 * Blocks in turn: the first of each run, then the second of each, in a seeded random order within a block. At no time are trials of two runs on the
 * machine, and a machine that grows slower is slower for all of them.
 *
 * @param blocks how many each run has at most
 */
export function turns(who: readonly string[], blocks: number, seed: number): Turns {
  const random = seeded(seed);
  const order: { readonly who: string; readonly block: number }[] = [];
  for (let block = 1; block <= blocks; block++)
    for (const one of shuffled(who, random)) order.push({ who: one, block });
  const left = new Set(who);
  let at = 0;
  const waiting: (() => void)[] = [];
  const wakeAll = (): void => {
    for (const wake of waiting.splice(0)) wake();
  };
  const goOn = (): void => {
    for (let next = order[at]; next !== undefined && !left.has(next.who); next = order[at]) at++;
    wakeAll();
  };
  const mine = (one: string, block: number): boolean => {
    const next = order[at];
    // Blocks that were never drawn, of a run that was made longer, come when all others have ended.
    return next === undefined || (next.who === one && next.block === block);
  };
  return {
    take: async (one, block, signal) => {
      signal.addEventListener('abort', wakeAll, { once: true });
      try {
        while (!mine(one, block) && !signal.aborted)
          await new Promise<void>((resolve) => {
            waiting.push(resolve);
          });
      } finally {
        signal.removeEventListener('abort', wakeAll);
      }
      let over = signal.aborted;
      return () => {
        if (over) return;
        over = true;
        at++;
        goOn();
      };
    },
    leave: (one) => {
      left.delete(one);
      goOn();
    },
  };
}
