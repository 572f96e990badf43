import { describe, expect, it } from 'vitest';
import { deadline, sleep, within } from './time.ts';

describe('sleep', () => {
  it('rejects with the very reason as soon as its signal aborts, also when it had before', async () => {
    const stop = new AbortController();
    const slept = sleep(60_000, stop.signal);
    stop.abort(new Error('enough'));
    await expect(slept).rejects.toThrow('enough');
    await expect(sleep(60_000, stop.signal)).rejects.toThrow('enough');
  });

  it('takes a time that has passed for none', async () => {
    await sleep(-5);
  });
});

describe('deadline', () => {
  it('no longer comes once it is lifted, while the parent still counts', async () => {
    const parent = new AbortController();
    using limit = deadline(5, parent.signal);
    limit.lift();
    await sleep(20);
    expect(limit.signal.aborted).toBe(false);
    parent.abort(new Error('enough'));
    expect(limit).toMatchObject({ signal: { reason: new Error('enough') } });
    expect(limit.passed()).toBe(false);
  });
});

describe('within', () => {
  it('brings what came in time, and leaves what hangs behind', async () => {
    expect(await within(60_000, () => Promise.resolve(1))).toBe(1);
    await expect(within(5, () => new Promise(() => undefined))).rejects.toThrow('not done within 5 ms');
  });

  it('rejects with its caller’s reason, and tells the work', async () => {
    const stop = new AbortController();
    let told: AbortSignal | undefined;
    const work = within(
      60_000,
      (signal) => {
        told = signal;
        return new Promise(() => undefined);
      },
      stop.signal,
    );
    await sleep(0);
    stop.abort(new Error('enough'));
    await expect(work).rejects.toThrow('enough');
    expect(told?.aborted).toBe(true);
  });
});
