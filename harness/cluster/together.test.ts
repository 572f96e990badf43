import { expect, it } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { together } from './together.ts';

it('gives all values in order', async () => {
  expect(await together([Promise.resolve(1), 'two', Promise.resolve(true)])).toEqual([1, 'two', true]);
});

it('rejects with the first error of the list, when nothing is under way any more', async () => {
  let ended = false;
  const slow = sleep(20).then(() => {
    ended = true;
  });
  const late = sleep(10).then(() => Promise.reject(new Error('late')));
  await expect(together([slow, late, Promise.reject(new Error('early'))])).rejects.toThrow('late');
  expect(ended).toBe(true);
});
