import { describe, expect, it } from 'vitest';

import type { ProgressEvent } from '../model/progress.ts';
import { pendingSteps, runSteps, type Step } from './dag.ts';
import type { Lane } from './estimate.ts';

/** Steps whose results live in a set, as if they were files: a second run sees what the first one made. */
function bench(disk = new Set<string>()) {
  const log: string[] = [];
  const failing = new Set<string>();
  const step = (id: string, needs: readonly string[], lane: Lane = 'cpu', ms = 10): Step => ({
    id,
    title: id,
    key: id,
    needs,
    lane,
    ms,
    present: () => Promise.resolve(disk.has(id)),
    run: async ({ signal }) => {
      log.push(`+${id}`);
      await Promise.resolve();
      signal.throwIfAborted();
      if (failing.has(id)) throw new Error(`${id} broke`);
      disk.add(id);
      log.push(`-${id}`);
      return undefined;
    },
  });
  const steps = [
    step('kubelet', [], 'cpu', 600),
    step('root', [], 'net', 60),
    step('k6', [], 'cpu', 100),
    step('base', ['kubelet', 'root'], 'docker'),
    step('node', ['base'], 'docker'),
  ];
  return { log, disk, failing, steps };
}

const quiet = { progress: () => undefined, every: () => () => undefined, now: () => 0 };

describe('runSteps', () => {
  it('makes each step after what it needs, and only what the goal needs', async () => {
    const { steps, log, disk } = bench();
    await runSteps(steps, ['node'], quiet);
    expect(log.indexOf('+base')).toBeGreaterThan(log.indexOf('-kubelet'));
    expect(log.indexOf('+base')).toBeGreaterThan(log.indexOf('-root'));
    expect(log.indexOf('+node')).toBeGreaterThan(log.indexOf('-base'));
    expect(disk.has('k6')).toBe(false);
  });

  it('does nothing when the goal is there, even when its inputs are gone', async () => {
    const { steps, log } = bench(new Set(['node']));
    const timings = await runSteps(steps, ['node'], quiet);
    expect(log).toEqual([]);
    expect(timings.every((t) => t.state === 'skipped')).toBe(true);
  });

  it('goes on where an interrupted run stopped', async () => {
    const { steps, log, disk } = bench();
    const stop = new AbortController();
    const first = runSteps(steps, ['node'], {
      ...quiet,
      signal: stop.signal,
      onDone: (id) => {
        if (id === 'kubelet') stop.abort(new Error('killed'));
      },
    });
    await expect(first).rejects.toThrow('killed');
    expect(disk.has('kubelet')).toBe(true);
    expect(disk.has('node')).toBe(false);

    log.length = 0;
    await runSteps(steps, ['node'], quiet);
    expect(log).not.toContain('+kubelet');
    expect(disk.has('node')).toBe(true);
  });

  it('throws the first failure as it is and starts nothing after it', async () => {
    const { steps, failing, log, disk } = bench();
    failing.add('root');
    await expect(runSteps(steps, ['node', 'k6'], quiet)).rejects.toThrow('root broke');
    expect(log).not.toContain('+base');
    expect(disk.has('node')).toBe(false);
    failing.clear();
    await runSteps(steps, ['node', 'k6'], quiet);
    expect(disk.has('node')).toBe(true);
  });

  it('never runs two steps of one lane, or more than two, at once', async () => {
    const running = new Set<string>();
    let most = 0;
    const lanes: Lane[] = ['cpu', 'cpu', 'net', 'net', 'docker'];
    const steps: Step[] = lanes.map((lane, i) => ({
      id: String(i),
      title: '',
      key: '',
      needs: [],
      lane,
      ms: 10,
      present: () => Promise.resolve(false),
      run: async () => {
        expect([...running]).not.toContain(lane);
        running.add(lane);
        most = Math.max(most, running.size);
        await Promise.resolve();
        running.delete(lane);
        return undefined;
      },
    }));
    await runSteps(steps, ['0', '1', '2', '3', '4'], quiet);
    expect(most).toBe(2);
  });

  it('tells what runs with an estimate of what is left', async () => {
    const { steps } = bench();
    const events: ProgressEvent[] = [];
    await runSteps(steps, ['node'], { ...quiet, progress: (e) => events.push(e) });
    const started = events.filter((e) => e.type === 'setup' && e.state === 'started');
    expect(started.map((e) => (e.type === 'setup' ? e.part : ''))).toEqual(['kubelet', 'root', 'base', 'node']);
    expect(events[0]).toMatchObject({ index: 1, of: 4, etaMs: 620 });
    expect(events.at(-1)).toMatchObject({ part: 'node', state: 'done', etaMs: 0 });
  });

  it('says so when steps wait for one another', async () => {
    const { steps } = bench();
    const ring = steps.map((s) => (s.id === 'kubelet' ? { ...s, needs: ['node'] } : s));
    await expect(runSteps(ring, ['node'], quiet)).rejects.toThrow(/wait for one another/);
  });
});

it('pendingSteps refuses a goal that nobody makes', async () => {
  await expect(pendingSteps([], ['nothing'])).rejects.toThrow('no step is called nothing');
});
