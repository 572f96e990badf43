import { describe, expect, it } from 'vitest';
import { beforeAbort } from './abort.ts';

describe('beforeAbort', () => {
  const never = new Promise<never>(() => undefined);

  it('brings what the promise brings, or why it failed', async () => {
    const { signal } = new AbortController();
    await expect(beforeAbort(Promise.resolve(1), signal)).resolves.toBe(1);
    await expect(beforeAbort(Promise.reject(new Error('broken')), signal)).rejects.toThrow('broken');
  });

  it('rejects with the reason as soon as the signal aborts, also with one that is no error', async () => {
    const controller = new AbortController();
    const waiting = beforeAbort(never, controller.signal);
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(beforeAbort(never, AbortSignal.abort('said so'))).rejects.toThrow('said so');
  });
});
