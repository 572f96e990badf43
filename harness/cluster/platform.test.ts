import { describe, expect, it } from 'vitest';
import { askForNode } from './platform.ts';

describe('asking Docker for a node', () => {
  it('is not cut: the node is there when it rejects, for whoever takes the cluster down', async () => {
    const abort = new AbortController();
    let there = false;
    const asked = askForNode(
      async (_, options) => {
        expect(options).toBeUndefined();
        await new Promise((resolve) => setTimeout(resolve, 20));
        there = true;
        return '';
      },
      ['run'],
      abort.signal,
    );
    abort.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
    expect(there).toBe(true);
  });

  it('is not begun any more after an abort', async () => {
    const never = () => Promise.reject(new Error('asked'));
    await expect(askForNode(never, ['run'], AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  });
});
