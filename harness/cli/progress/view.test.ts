import { describe, expect, it } from 'vitest';
import type { ProgressEvent } from '../../model/progress.ts';
import { painter } from '../output.ts';
import { advance, bar, emptyView, footer, humanClock, roughly, type View } from './view.ts';

const plain = painter(false);

/** Plays events at given seconds; returns the log and the last view. */
function play(events: readonly (readonly [number, ProgressEvent])[]): { view: View; log: readonly string[] } {
  let view = emptyView(0);
  const log: string[] = [];
  for (const [seconds, event] of events) {
    const next = advance(view, event, seconds * 1000);
    view = next.view;
    log.push(...next.lines.map((line) => line.text));
  }
  return { view, log };
}

const trial: ProgressEvent = { type: 'trial', id: 'wait-1', runbook: 'wait', index: 1, of: 6, etaMs: 600_000 };

describe('the log', () => {
  it('tells when a phase begins, how long it may take and how long it took', () => {
    const { log } = play([
      [0, trial],
      [1, { type: 'phase', name: 'steady', state: 'started', deadlineMs: 180_000 }],
      [16, { type: 'phase', name: 'steady', state: 'done' }],
      [16, { type: 'phase', name: 'inject', state: 'started' }],
      [20, { type: 'phase', name: 'inject', state: 'failed', detail: 'no witness' }],
    ]);
    expect(log).toEqual([
      'trial 1 of 6: wait, about 10 min left',
      'steady ... (at most 3 min)',
      'steady    15 s',
      'inject ...',
      'inject    failed after 4.0 s: no witness',
    ]);
  });

  it('promises no number of trials where the run ends when it is decided', () => {
    const run = { scenario: 'cni-wipe', profile: 'fast', runDir: 'r', trials: 140, etaMs: 3_120_000 } as const;
    const { view, log } = play([
      [0, { type: 'run', ...run, decide: true }],
      [1, { ...trial, of: 140, etaMs: 3_120_000, decide: true }],
    ]);
    expect(log[0]).toBe('cni-wipe (fast profile): at most 140 trials, about 52 min to the first look');
    expect(log.at(-1)).toBe('trial 1 of at most 140: wait, about 52 min to the next look');
    expect(footer(view, 61_000, 100, plain).at(-1)).toContain('trial 1 of at most 140');
    expect(footer(view, 61_000, 100, plain).at(-1)).toContain('51 min to the next look');
  });

  it('takes a repeated start of the same phase for news of it, and keeps its clock', () => {
    const { view, log } = play([
      [0, { type: 'phase', name: 'provision', state: 'started', deadlineMs: 300_000 }],
      [5, { type: 'phase', name: 'provision', state: 'started', detail: 'waiting for flannel' }],
    ]);
    expect(log).toHaveLength(1);
    expect(view.phase).toEqual({ name: 'provision', startedMs: 0, deadlineMs: 300_000, detail: 'waiting for flannel' });
  });

  it('tells an alert once a trial', () => {
    const alarm: ProgressEvent = {
      type: 'detected',
      id: 'dns',
      title: 'DNS fails',
      sinceInjectMs: 12_000,
      what: 'SERVFAIL',
    };
    const { log } = play([
      [0, trial],
      [1, alarm],
      [2, alarm],
      [3, { ...trial, index: 2 }],
      [4, alarm],
    ]);
    expect(log.filter((line) => line.startsWith('alert'))).toEqual([
      'alert dns after 12 s: SERVFAIL',
      'alert dns after 12 s: SERVFAIL',
    ]);
  });

  it('says that an alert fired before the fault', () => {
    expect(play([[0, { type: 'detected', id: 'a', title: 'A' }]]).log).toEqual(['alert a before the fault: A']);
  });

  it('shows steps with how they ended and why', () => {
    const step = { type: 'step', part: 'runbook', name: 'restart flannel', on: 'workers' } as const;
    const { log, view } = play([
      [0, { ...step, state: 'started', elapsedMs: 0 }],
      [3, { ...step, state: 'failed', elapsedMs: 3000, detail: 'no such pod' }],
      [3, { ...step, name: 'look', state: 'skipped', elapsedMs: 0 }],
    ]);
    expect(log).toEqual([
      'runbook "restart flannel" on workers ...',
      'runbook "restart flannel" on workers failed (3.0 s): no such pod',
      'runbook "look" on workers skipped',
    ]);
    expect(view.step).toBeUndefined();
  });

  it('ends a trial with its outcome and reason', () => {
    const { log } = play([
      [0, trial],
      [
        90,
        {
          type: 'outcome',
          trialId: 'wait-1',
          runbook: 'wait',
          outcome: 'recovered',
          ttrMs: 42_000,
          reason: 'all good again',
        },
      ],
    ]);
    expect(log.at(-1)).toBe('wait: recovered in 42 s: all good again [trial took 90 s]');
  });

  it('does not let a chatty set-up flood the log, nor silence it', () => {
    const events = Array.from({ length: 61 }, (_, second): [number, ProgressEvent] => [
      second,
      {
        type: 'setup',
        part: 'kubelet',
        state: 'working',
        index: 2,
        of: 9,
        elapsedMs: second * 1000,
        detail: 'compiling',
      },
    ]);
    expect(play(events).log).toHaveLength(5);
  });

  it('is silent about what is there already', () => {
    expect(play([[0, { type: 'setup', part: 'kind', state: 'skipped', index: 1, of: 9, elapsedMs: 0 }]]).log).toEqual(
      [],
    );
  });
});

describe('the foot of the terminal', () => {
  it('shows the phase with clock and deadline, the step, and good and bad SLIs', () => {
    const { view } = play([
      [0, trial],
      [60, { type: 'phase', name: 'runbook', state: 'started', deadlineMs: 240_000 }],
      [61, { type: 'step', part: 'runbook', name: 'restart', on: 'workers', state: 'started', elapsedMs: 0 }],
      [62, { type: 'slis', good: ['api-read'], bad: ['dns', 'pod-start'] }],
    ]);
    expect(footer(view, 75_000, 100, plain)).toEqual([
      '> runbook   0:15 of at most 4:00',
      '    runbook "restart" on workers  0:14',
      '    bad:  dns pod-start',
      '    good: api-read',
      '    trial 1 of 6, 1:15 since the start, about 9 min left',
    ]);
  });

  it('shows a bar and the time left while images are made', () => {
    const { view } = play([
      [
        0,
        {
          type: 'setup',
          part: 'kubelet',
          state: 'working',
          index: 4,
          of: 12,
          elapsedMs: 0,
          etaMs: 780_000,
          detail: 'compiling',
        },
      ],
    ]);
    expect(footer(view, 65_000, 100, plain)).toEqual([
      '[######------------------] 3/12  1:05  about 13 min left',
      '  kubelet: compiling',
    ]);
  });

  it('has nothing to say before the start, and after the last part', () => {
    expect(footer(emptyView(0), 10, 80, plain)).toEqual([]);
    const { view } = play([[0, { type: 'setup', part: 'x', state: 'done', index: 3, of: 3, elapsedMs: 0 }]]);
    expect(footer(view, 10, 80, plain)).toEqual([]);
  });

  it('never wraps: a wrapped line would not be erased', () => {
    const { view } = play([[0, { type: 'phase', name: 'provision', state: 'started', detail: 'x'.repeat(500) }]]);
    for (const width of [20, 80]) {
      for (const line of footer(view, 0, width, plain)) expect(line.length).toBeLessThanOrEqual(width);
    }
  });
});

describe('figures', () => {
  it.each([
    [0, '0:00'],
    [7_900, '0:07'],
    [760_000, '12:40'],
    [3_723_000, '1:02:03'],
    [-5, '0:00'],
  ])('clock %d ms: %s', (ms, text) => {
    expect(humanClock(ms)).toBe(text);
  });

  it.each([
    [10_000, 'a minute'],
    [60_000, '1 min'],
    [1_500_000, '25 min'],
    [7_800_000, '2 h 10 min'],
  ])('estimate of %d ms: %s', (ms, text) => {
    expect(roughly(ms)).toBe(text);
  });

  it('draws bars that never overflow', () => {
    expect(bar(0.5, 4)).toBe('[##--]');
    expect(bar(7, 4)).toBe('[####]');
    expect(bar(-1, 4)).toBe('[----]');
  });
});
