import { describe, expect, it } from 'vitest';
import { inBlocks } from './blocks.ts';

const trials = [1, 1, 2, 2, 3, 3].map((block, i) => ({ id: `t${i}`, block, runbook: 'r', seed: i }));

/** Runs that end when told. */
function held() {
  const log: string[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  const run = (trial: { readonly id: string }): Promise<undefined> => {
    log.push(trial.id);
    return new Promise((resolve, reject) => {
      ends.set(trial.id, (error) => {
        if (error) reject(error);
        else resolve(undefined);
      });
    });
  };
  const end = async (id: string, error?: Error): Promise<void> => {
    ends.get(id)?.(error);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { log, run, end };
}

describe('inBlocks', () => {
  it('keeps the order of the plan when one at a time', async () => {
    const order: string[] = [];
    await inBlocks(trials, 1, (trial) => {
      order.push(trial.id);
      return Promise.resolve(undefined);
    });
    expect(order).toEqual(trials.map((trial) => trial.id));
  });

  it('runs what a trial asks for right after it, within its block', async () => {
    const order: string[] = [];
    await inBlocks(trials, 1, (trial) => {
      order.push(trial.id);
      return Promise.resolve(trial.id === 't2' ? { ...trial, id: 't2-again' } : undefined);
    });
    expect(order).toEqual(['t0', 't1', 't2', 't2-again', 't3', 't4', 't5']);
  });

  it('runs blocks side by side, and never two trials of one block', async () => {
    const { log, run, end } = held();
    const all = inBlocks(trials, 2, run);
    expect(log).toEqual(['t0', 't2']);
    await end('t0');
    expect(log).toEqual(['t0', 't2', 't1']);
    await end('t1');
    expect(log.at(-1)).toBe('t4');
    for (const id of ['t2', 't3', 't4', 't5']) await end(id);
    await all;
    expect(log).toHaveLength(6);
  });

  it('begins nothing more after the first error, waits for what runs, and throws it', async () => {
    const { log, run, end } = held();
    const stopped: unknown[] = [];
    const all = inBlocks(trials, 2, run, (error) => stopped.push(error));
    all.catch(() => undefined);
    await end('t0', new Error('first'));
    await end('t2', new Error('second'));
    await expect(all).rejects.toThrow('first');
    expect(stopped).toHaveLength(1);
    expect(log).toEqual(['t0', 't2']);
  });
});
