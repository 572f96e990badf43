import { describe, expect, it } from 'vitest';
import { minimise, shown, told, type Part } from './minimise.ts';

describe('what trials of a candidate show', () => {
  it.each([
    [0, 0, undefined],
    [2, 0, undefined],
    [3, 0, 'recovers'],
    [0, 1, undefined],
    [0, 2, 'fails'],
    [1, 2, undefined],
    [1, 3, 'fails'],
    [4, 1, undefined],
    [5, 1, 'recovers'],
    [5, 3, 'undecided'],
  ] as const)('%d that recovered and %d that did not: %s', (recovered, failed, what) => {
    expect(shown({ recovered, failed })).toBe(what);
  });

  it('is wrong about either kind of runbook as seldom as it says', () => {
    /** The chance of each verdict for a runbook that recovers with this chance. */
    const chances = (chance: number) => {
      const sums = { recovers: 0, fails: 0, undecided: 0 };
      const go = (recovered: number, failed: number, weight: number): void => {
        const verdict = shown({ recovered, failed });
        if (verdict !== undefined) sums[verdict] += weight;
        else {
          go(recovered + 1, failed, weight * chance);
          go(recovered, failed + 1, weight * (1 - chance));
        }
      };
      go(0, 0, 1);
      return sums;
    };
    expect(chances(told.recovers).fails).toBeLessThan(told.error);
    expect(chances(told.fails).recovers).toBeLessThan(told.error);
    expect(chances(told.recovers).undecided).toBeLessThan(0.08);
  });
});

describe('the smallest part of a runbook', () => {
  const found = async (count: number, recovers: (part: Part) => boolean, first: readonly Part[] = []) => {
    const asked: string[] = [];
    const minimal = await minimise(count, first, (part) => {
      expect(asked).not.toContain(part.join());
      asked.push(part.join());
      return Promise.resolve(recovers(part) ? 'recovers' : 'fails');
    });
    return { ...minimal, asked };
  };
  const has =
    (...steps: number[]) =>
    (part: Part) =>
      steps.every((step) => part.includes(step));

  it('is the step that matters', async () => {
    expect((await found(8, has(5))).kept).toEqual([5]);
  });

  it('keeps steps that are needed together, wherever they are', async () => {
    const { kept, harmful } = await found(8, has(0, 3, 7));
    expect(kept).toEqual([0, 3, 7]);
    expect(harmful).toEqual([]);
  });

  it('of every set of needed steps is that set', async () => {
    for (let set = 1; set < 2 ** 6; set++) {
      const needed = [...Array(6).keys()].filter((step) => set & (1 << step));
      expect((await found(6, has(...needed))).kept).toEqual(needed);
    }
  });

  it('is the whole where nothing can be left out', async () => {
    expect((await found(3, has(0, 1, 2))).kept).toEqual([0, 1, 2]);
  });

  it('begins with what is likely to be enough', async () => {
    const { kept, asked } = await found(6, has(4), [[1, 4]]);
    expect(asked.slice(0, 2)).toEqual(['0,1,2,3,4,5', '1,4']);
    expect(kept).toEqual([4]);
  });

  it('names the step without which a runbook recovers that otherwise does not', async () => {
    const { kept, harmful } = await found(4, (part) => part.includes(1) && !part.includes(2));
    expect(kept).toEqual([1]);
    expect(harmful).toEqual([2]);
  });

  it('is none of a runbook that does not recover', async () => {
    const { kept, harmful, tried } = await found(3, () => false);
    expect(kept).toBeUndefined();
    expect(harmful).toEqual([]);
    expect(tried).toHaveLength(4);
  });

  it('takes what is undecided for failing', async () => {
    const { kept } = await minimise(2, [], (part) => Promise.resolve(part.length === 2 ? 'recovers' : 'undecided'));
    expect(kept).toEqual([0, 1]);
  });
});
