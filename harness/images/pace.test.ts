import { describe, expect, it } from 'vitest';
import { PullPace } from './pace.ts';

/** A machine whose clock and network card stand where they are put. */
function machine(sizes: readonly number[]) {
  const at = { ms: 0, bytes: 7e9 as number | undefined };
  const pace = new PullPace(
    sizes,
    () => Promise.resolve(at.bytes),
    () => at.ms,
  );
  return { at, pace };
}

describe('how far a pull is', () => {
  it('is told in bytes, and how long all pulls will take at the pace so far', async () => {
    const { at, pace } = machine([400e6, 100e6]);
    const { look } = await pace.begin(0);
    Object.assign(at, { ms: 10_000, bytes: 7e9 + 40e6 });
    expect(await look()).toEqual({ so: '40 of about 400 MB', etaMs: 115_000 });
  });

  it('goes on by the pace of the images before', async () => {
    const { at, pace } = machine([400e6, 100e6]);
    const first = await pace.begin(0);
    Object.assign(at, { ms: 40_000, bytes: 7e9 + 400e6 });
    await first.end();
    // Something else took its time; then the second one begins, and nothing has come yet.
    at.ms = 100_000;
    const { look } = await pace.begin(1);
    expect(await look()).toEqual({ so: undefined, etaMs: undefined });
    Object.assign(at, { ms: 101_000, bytes: 7e9 + 410e6 });
    expect(await look()).toEqual({ so: '10 of about 100 MB', etaMs: 9_000 });
  });

  it('has no pace before there is something to go by', async () => {
    const { at, pace } = machine([400e6]);
    const { look } = await pace.begin(0);
    Object.assign(at, { ms: 4_000, bytes: 7e9 + 40e6 });
    expect((await look()).etaMs).toBeUndefined();
    Object.assign(at, { ms: 60_000, bytes: 7e9 + 1e6 });
    expect((await look()).etaMs).toBeUndefined();
  });

  it('is no more than all of it, whatever else this machine receives', async () => {
    const { at, pace } = machine([100e6, 50e6]);
    const { look } = await pace.begin(0);
    Object.assign(at, { ms: 10_000, bytes: 7e9 + 200e6 });
    expect(await look()).toEqual({ so: '100 of about 100 MB', etaMs: 2_500 });
  });

  it('is not known where nobody counts bytes', async () => {
    const { at, pace } = machine([400e6]);
    at.bytes = undefined;
    const { look, end } = await pace.begin(0);
    at.ms = 10_000;
    expect(await look()).toEqual({ so: undefined, etaMs: undefined });
    await end();
  });
});
