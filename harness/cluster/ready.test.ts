import { describe, expect, it } from 'vitest';
import { fakeNodeState, fakePod } from './fake.ts';
import { notReady, stale } from './ready.ts';

describe('notReady', () => {
  const expected = new Map([['a', 1]]);
  const node = fakeNodeState('n');
  const all = { desired: 1, ready: 1 };
  it('is empty only when everything is there and Ready', () => {
    expect(notReady(expected, [node], [fakePod('a', 'p')], all)).toBe('');
    expect(notReady(expected, [fakeNodeState('n', { ready: false, reason: 'KubeletNotReady' })], [], all)).toMatch(
      /n \(KubeletNotReady\)/,
    );
    expect(notReady(expected, [node], [], all)).toBe('0 of 1 pods in a');
    expect(notReady(expected, [node], [fakePod('a', 'p'), fakePod('a', 'q')], all)).toBe('2 of 1 pods in a');
    expect(notReady(expected, [node], [fakePod('a', 'p')], { desired: 2, ready: 1 })).toMatch(/1 of 2 replicas/);
  });
  it('says what a pod waits for', () => {
    const waiting = fakePod('a', 'p', {
      ready: false,
      containers: [{ name: 'c', ready: false, restarts: 3, state: 'CrashLoopBackOff', startedEpochMs: 0 }],
    });
    expect(notReady(expected, [node], [waiting], all)).toBe('1 pods not ready: a/p (CrashLoopBackOff)');
  });
});

describe('stale', () => {
  const started = (startedEpochMs: number) =>
    fakePod('a', 'p', { containers: [{ name: 'c', ready: true, restarts: 0, state: 'running', startedEpochMs }] });
  const spoke = (heartbeatEpochMs: number) => fakeNodeState('n', { heartbeatEpochMs });
  // Kubernetes writes whole seconds: what it says of the second in which the restore began is of today.
  it('counts from the second of the restore on', () => {
    expect(stale(5700, [spoke(5000)], [started(5000)])).toBe('');
    expect(stale(5700, [spoke(4000)], [])).toBe('no word yet from n');
    expect(stale(5700, [spoke(6000)], [started(4000)])).toBe('1 pods not started yet: a/p');
  });
  it('does not believe a pod whose container does not run', () => {
    expect(stale(5700, [], [started(0)])).toMatch(/not started yet/);
  });
});
