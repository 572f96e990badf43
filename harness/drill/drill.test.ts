import { describe, expect, it } from 'vitest';
import { buildLog, whole, type LogSpec } from '../../test/support/log-builder.ts';
import type { EventBody, TrialEvent } from '../model/events.ts';
import { act, look } from '../model/define.ts';
import { claimed, type Scenario } from '../model/scenario.ts';
import { minutes, seconds } from '../model/units.ts';
import { debriefPage, titleOf } from './debrief-page.ts';
import { debriefOf } from './debrief.ts';
import { cureOf, hintsOf } from './hints.ts';
import { drillState } from './state.ts';

const scenario: Scenario = {
  outage: {
    title: 'The Night of <b>',
    source: 'pm',
    date: '2025-01-01',
    says: ['it broke'],
    undetectedMs: minutes(1),
    recoveryMs: minutes(1),
  },
  fidelity: 'real',
  differences: [],
  cluster: { workers: 1, workload: 'none' },
  probes: [],
  breaks: ['dns'],
  keeps: [],
  fault: {
    id: 'f',
    title: 'A file is gone',
    source: 's',
    fidelity: 'real',
    params: {},
    targets: 'workers',
    prepare: [],
    inject: [],
    witness: [{ name: 'see it', on: 'workers', command: 'ls /etc/x', expect: '^$' }],
    witnessDeadlineMs: seconds(3),
    undo: [],
  },
  detectors: [],
  runbooks: [
    claimed(
      {
        id: 'rebuild',
        title: 'Rebuild it',
        source: 's',
        why: 'w',
        steps: [{ ...act('rm', 'nodes', 'rm'), destroys: 'all' }],
      },
      'recovers',
      '',
    ),
    claimed(
      {
        id: 'restore',
        title: 'Restore it',
        source: 's',
        why: 'w',
        steps: [look('read it', 'nodes', 'cat x'), act('put it', 'nodes', 'cp y x')],
      },
      'recovers',
      '',
    ),
    claimed(
      { id: 'pray', title: 'Pray', source: 's', why: 'w', steps: [act('pray', 'nodes', 'true')] },
      'does-not-recover',
      '',
    ),
  ],
  horizonMs: { stock: minutes(5), fast: minutes(5) },
};
const hints = hintsOf(scenario);

/** On call from 20 s, the fault at 30 s, DNS away from then to 80 s; two commands, one of which ends it. */
function drillLog(
  more: Partial<LogSpec> = {},
  added: readonly (EventBody & { readonly atMs: number })[] = [],
): readonly TrialEvent[] {
  const log = buildLog({
    breaks: ['dns'],
    probes: [{ sli: 'dns', periodMs: 1000, outages: [[30_500, 80_000]] }],
    detectors: [
      { id: 'early', expects: 'never' },
      { id: 'dns-down', expects: 'dns' },
    ],
    readings: [
      { atMs: 36_000, detector: 'early', state: 'firing', what: 'something else' },
      { atMs: 40_000, detector: 'dns-down', state: 'firing', what: 'dns is down' },
      { atMs: 90_000, detector: 'dns-down', state: 'quiet' },
    ],
    steps: [
      { name: 'kubectl get pods', command: 'kubectl get pods', fromMs: 50_000, toMs: 51_000, changes: false },
      { name: 'fix', command: 'echo <script>', fromMs: 75_000, toMs: 76_000 },
    ],
    states: [{ ...whole, atMs: 100_000 }],
    endMs: 130_000,
    ...more,
  });
  const all = [
    ...log,
    ...[{ type: 'on-call', state: 'began', atMs: 20_000 } as const, ...added].map((one) => ({ ...one, seq: 0 })),
  ] as TrialEvent[];
  return all.sort((a, b) => a.atMs - b.atMs).map((event, seq) => ({ ...event, seq }));
}
const until = (events: readonly TrialEvent[], atMs: number) => events.filter((event) => event.atMs <= atMs);

describe('hintsOf', () => {
  it('goes from where to look to the cure that destroys least, and each costs more', () => {
    expect(cureOf(scenario)?.runbook.id).toBe('restore');
    expect(hints.map(({ says }) => says)).toEqual([
      'read it (on nodes)',
      'On nodes: cat x',
      'A file is gone (on workers).',
      'Restore it:\nOn nodes: cp y x',
    ]);
    expect(hints.map(({ costMs }) => costMs)).toEqual([...hints.map(({ costMs }) => costMs)].sort((a, b) => a - b));
  });

  it('names the witness where no runbook is known to end it', () => {
    const [first, second, third, ...more] = hintsOf({ ...scenario, runbooks: [] });
    expect([first?.says, second?.says, third?.says]).toEqual([
      'see it (on workers)',
      'On workers: ls /etc/x',
      'A file is gone (on workers).',
    ]);
    expect(more).toEqual([]);
  });
});

describe('drillState', () => {
  const events = drillLog({}, [
    { type: 'hint', index: 0, title: 'Where', says: 'there', costMs: 30_000, atMs: 60_000 },
  ]);

  it('before the shift there is nothing to see', () => {
    expect(drillState([], hints, 0)).toMatchObject({ phase: 'preparing', slis: [] });
    expect(drillState(until(events, 19_000), hints, 19_000)).toMatchObject({ phase: 'preparing', slis: [] });
  });

  it('shows what users see, alerts, commands and hints, by the time on call', () => {
    const state = drillState(until(events, 62_000), hints, 62_000);
    expect(state).toMatchObject({ phase: 'on-call', elapsedMs: 42_000, nextHint: { title: hints[1]?.title } });
    expect(state.slis).toMatchObject([{ sli: 'dns', down: true }]);
    expect(state.slis[0]?.downMs).toBeGreaterThan(30_000);
    expect(state.slis[0]?.strip).toMatch(/\+-+$/);
    expect(state.alerts.map(({ id, atMs, firing }) => [id, atMs, firing])).toEqual([
      ['dns-down', 20_000, true],
      ['early', 16_000, true],
    ]);
    expect(state.commands).toMatchObject([{ command: 'kubectl get pods', atMs: 30_000, exitCode: 0, changes: false }]);
    expect(state.hints).toMatchObject([{ title: 'Where', atMs: 40_000, costMs: 30_000 }]);
  });

  it('never says what was broken: not the scenario, the fault, the runbook or what is to be expected', () => {
    const text = JSON.stringify(drillState(until(events, 62_000), [], 62_000));
    const { started } = { started: events[0] };
    expect(started?.type).toBe('trial.started');
    for (const secret of ['cure', 'scenario', 'expects', 'inject', 'witness']) expect(text).not.toContain(secret);
  });

  it('an alert that cleared is told as resolved, and service as up', () => {
    const state = drillState(until(events, 95_000), hints, 95_000);
    expect(state.slis).toMatchObject([{ down: false }]);
    expect(state.alerts.find(({ id }) => id === 'dns-down')?.firing).toBe(false);
  });

  it('is over when the shift has ended, and its clock stands', () => {
    const over = drillLog({}, [{ type: 'on-call', state: 'gave-up', atMs: 65_000 }]);
    expect(drillState(over, hints, 120_000)).toMatchObject({ phase: 'over', ended: 'gave-up', elapsedMs: 45_000 });
    expect(drillState(over, hints, 120_000)).not.toHaveProperty('nextHint');
  });
});

describe('debriefOf', () => {
  const restored = debriefOf(
    drillLog({}, [
      { type: 'hint', index: 0, title: 'Where', says: 'there', costMs: 30_000, atMs: 60_000 },
      { type: 'on-call', state: 'restored', atMs: 105_000 },
    ]),
    [],
  );

  it('tells the first alert that named it, the first look, the first change, and the price of hints', () => {
    expect(restored.ending).toBe('restored');
    // The one that said something else rang earlier.
    expect(restored.firstUsefulAlert).toMatchObject({ id: 'dns-down' });
    expect(restored.firstLookMs).toBeGreaterThan(15_000);
    expect(restored.firstChangeMs).toBeGreaterThan(restored.firstLookMs ?? Infinity);
    expect(restored.commands).toEqual({ looks: 1, changes: 1, failed: 0 });
    expect(restored.recoveredMs).toBeGreaterThan(45_000);
    expect(titleOf(restored)).toMatch(/^Service restored after \d+ s \(\d+ s with the hints\)$/);
  });

  it('an alert after the first change may have noticed the change', () => {
    const late = debriefOf(
      drillLog({ readings: [{ atMs: 78_000, detector: 'dns-down', state: 'firing', what: 'dns is down' }] }),
      [],
    );
    expect(late).not.toHaveProperty('firstUsefulAlert');
    expect(late).not.toHaveProperty('ending');
    expect(titleOf(late)).toBe('Cut off');
  });

  it('tells in order what happened', () => {
    expect(restored.story.map(({ kind }) => kind)).toEqual([
      'shift',
      'fault',
      'down',
      'alert',
      'alert',
      'command',
      'hint',
      'command',
      'up',
      'shift',
    ]);
    expect(restored.story[0]?.atMs).toBeLessThan(0);
  });

  it('given up: says so, and counts nothing as recovered', () => {
    const gaveUp = debriefOf(
      drillLog({ steps: [], probes: [{ sli: 'dns', periodMs: 1000, outages: [[30_500, 200_000]] }] }, [
        { type: 'on-call', state: 'gave-up', atMs: 100_000 },
      ]),
      [],
    );
    expect(titleOf(gaveUp)).toBe('Given up');
    expect(gaveUp).not.toHaveProperty('recoveredMs');
  });

  it('is a page with the cure, and nothing on it is markup that was typed', () => {
    const page = debriefPage(restored, scenario, 'night', cureOf(scenario));
    expect(page).toContain('Restore it');
    expect(page).toContain('echo &lt;script&gt;');
    expect(page).not.toContain('<script');
    expect(page).toContain('The Night of &lt;b&gt;');
  });
});
