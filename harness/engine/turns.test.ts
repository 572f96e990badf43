import { describe, expect, it } from 'vitest';
import { turns } from './turns.ts';

const never = new AbortController().signal;

describe('runs that draw their trials into the same blocks', () => {
  it('take turns block by block, one at a time, in an order that the seed decides', async () => {
    const order = async (seed: number): Promise<string> => {
      const gate = turns(['a', 'b'], 3, seed);
      const seen: string[] = [];
      let running = 0;
      const run = async (who: string): Promise<void> => {
        for (let block = 1; block <= 3; block++) {
          const end = await gate.take(who, block, never);
          expect(++running).toBe(1);
          seen.push(`${who}${block}`);
          await Promise.resolve();
          running--;
          end();
        }
        gate.leave(who);
      };
      await Promise.all([run('a'), run('b')]);
      return seen.join(' ');
    };
    const orders = await Promise.all([1, 2, 3, 4, 5, 6].map(order));
    for (const one of orders) expect(one.replace(/[ab]/g, '')).toBe('1 1 2 2 3 3');
    expect(await order(1)).toBe(orders[0]);
    expect(new Set(orders).size).toBeGreaterThan(1);
  });

  it('go on without one that has ended', async () => {
    const gate = turns(['a', 'b'], 2, 1);
    gate.leave('a');
    const first = await gate.take('b', 1, never);
    first();
    (await gate.take('b', 2, never))();
  });

  it('stop waiting when they are aborted, without a turn that they could end', async () => {
    const gate = turns(['a', 'b'], 1, 1);
    const abort = new AbortController();
    const both = ['a', 'b'].map((who) => gate.take(who, 1, abort.signal));
    abort.abort();
    expect(await Promise.all(both)).toHaveLength(2);
  });
});
