import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeCluster, fakeNodeState, fakePod, type FakeHandler } from '../../test/support/fake-cluster.ts';
import { leaksIn } from '../../test/support/telltale.ts';
import { readEvents } from '../analysis/read.ts';
import { nodeLogs } from '../cluster/logs.ts';
import { act, reboot } from '../model/define.ts';
import { canaryDelayMs } from '../model/control.ts';
import type { AlertStack } from '../alerts/live/stack.ts';
import type { Detector, Reading } from '../model/detector.ts';
import { defaultLimits, type HostReading } from '../model/limits.ts';
import type { Probe } from '../model/probe.ts';
import { profiles } from '../model/profile.ts';
import type { Runbook } from '../model/runbook.ts';
import { claimed, type Scenario } from '../model/scenario.ts';
import { millis, minutes, seconds } from '../model/units.ts';
import { startClock, type TrialClock } from './clock.ts';
import { healthyWatchMs, runbookOf } from './controls.ts';
import type { OnCall, Responder, Shift } from './on-call.ts';
import { startedEvent, type TrialDeps, type TrialSpec } from './trial-spec.ts';
import { runTrial } from './trial.ts';

/** A world in memory: one service that is up or down, a fault that takes it down, a runbook that may bring it up. */
class World {
  up = true;
  /** A bystander, where the scenario has one. */
  shopOpen = true;
  injectWorks = true;
  /** What the machine has left. */
  host: HostReading = { memory: 8 * 2 ** 30, disk: 50e9, load: 1 };
  readonly cluster: FakeCluster;
  readonly log: string[] = [];
  exec: FakeHandler = ({ command }) => {
    this.log.push(command);
    if (command === 'break' && this.injectWorks) this.up = false;
    if (command === 'repair' || command === 'undo') this.up = true;
    return command === 'is it broken?' ? (this.up ? 'no' : 'broken') : '';
  };

  constructor() {
    this.cluster = new FakeCluster({ exec: (call) => this.exec(call) });
    this.cluster.api.nodeStates = this.cluster.nodes.map((node) => fakeNodeState(node.name));
    const [, worker] = this.cluster.nodes;
    this.cluster.api.podStates = ['a', 'b'].map((name) =>
      fakePod('web', `web-${name}`, { node: worker?.name ?? '', labels: { app: 'web' } }),
    );
    // The controller: a deleted pod gets a successor.
    const { api } = this.cluster;
    const remove = api.deletePod.bind(api);
    api.deletePod = async (namespace, name, options) => {
      await remove(namespace, name, options);
      api.pushPod(fakePod(namespace, `${name}-2`, { node: worker?.name ?? '', labels: { app: 'web' } }));
    };
  }
}

const probe: Probe = {
  sli: 'web',
  title: 'web',
  periodMs: millis(500),
  timeoutMs: millis(500),
  bystander: false,
  open: () => Promise.reject(new Error('the fake sampling opens nothing')),
};

const shop: Probe = { ...probe, sli: 'shop', title: 'shop', bystander: true };

/** Fires at the fourth bad sample: the first may have been due just before the fault, and three make an outage. */
const alarm: Detector = {
  id: 'alarm',
  title: 'alarm',
  source: 'test',
  expects: 'down',
  loop: () => 'each sample',
  leastTtdMs: () => millis(500),
  periodMs: () => millis(500),
  async *watch(context) {
    yield { state: 'quiet' };
    let streak = 0;
    for await (const sample of context.samples()) {
      const was = streak;
      streak = sample.ok ? 0 : streak + 1;
      if (streak === 4) yield { state: 'firing', what: 'web is down' };
      else if (sample.ok && was >= 4) yield { state: 'quiet' };
      else yield { state: 'alive' };
    }
  },
};

const runbook = (id: string, command: string): Runbook => ({
  id,
  title: id,
  source: 'test',
  why: 'test',
  steps: [act('do it', 'workstation', command)],
});

const scenario: Scenario = {
  outage: { title: 't', source: 's', date: '2025-10-05', says: [], undetectedMs: minutes(1), recoveryMs: minutes(1) },
  fidelity: 'real',
  differences: [],
  cluster: { workers: 2, workload: 'none' },
  probes: [probe],
  breaks: ['web'],
  keeps: [],
  fault: {
    id: 'break',
    title: 'break',
    source: 'test',
    fidelity: 'real',
    params: {},
    targets: 'workers',
    prepare: [act('save', 'workers', 'save')],
    inject: [act('break', 'workers', 'break')],
    witness: [{ name: 'broken', on: 'workers', command: 'is it broken?', expect: '^broken$' }],
    witnessDeadlineMs: seconds(3),
    undo: [act('undo', 'workers', 'undo')],
  },
  detectors: [alarm],
  runbooks: [claimed(runbook('repair', 'repair'), 'recovers', ''), claimed(runbook('useless', 'pray'), 'unknown', '')],
  horizonMs: { stock: minutes(2), fast: minutes(1) },
};

/** Node's timers may fire a millisecond early, which is fifty here. */
const early = 100;

/** Fifty times as fast as life: the trial's own waits shrink with it, so nothing here depends on a duration. */
const fastClock = (): TrialClock => startClock(50);

function depsFor(world: World, clock: TrialClock): TrialDeps {
  return {
    createCluster: () =>
      Promise.resolve(Object.assign(world.cluster, { delete: () => Promise.resolve(void world.log.push('delete')) })),
    keepCluster: () => undefined,
    nodeLogs,
    readHost: () => Promise.resolve(world.host),
    startLoad: () => Promise.resolve({ stop: () => Promise.resolve(void world.log.push('stop load')) }),
    startSampling: ({ scenario: { probes }, onSample, onHealth }) => {
      const start = clock.now();
      let healthMs: number = start;
      let n = 0;
      const now = () =>
        new Map([
          [probe.sli, world.up],
          [shop.sli, world.shopOpen],
        ]);
      let before = now();
      const send = () => {
        for (; start + n * probe.periodMs <= clock.now(); n++) {
          const at = start + n * probe.periodMs;
          // What was due long before a late timer saw the world as it was then.
          const seen = clock.now() - at < probe.periodMs ? now() : before;
          for (const { sli } of probes) {
            const ok = seen.get(sli) === true;
            const sample = { sli, n, intendedMs: at, startedMs: at, endedMs: at + 1, ok };
            onSample({ ...sample, ...(ok ? {} : { error: 'refused' }) });
          }
        }
        before = now();
        for (; healthMs + 1000 <= clock.now(); healthMs += 1000)
          onHealth({ type: 'harness', loopDelayP99Ms: 1, latenessP99Ms: 1, cpuCores: 0.1 });
      };
      const timer = setInterval(send, 2);
      return Promise.resolve({
        sessions: new Map(),
        settled: () => Promise.resolve(),
        stop: () => {
          clearInterval(timer);
          // On a busy machine the timer may be late: what was due has been asked all the same.
          send();
          if (!world.log.includes('stop probes')) world.log.push('stop probes');
          return Promise.resolve();
        },
      });
    },
  };
}

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'firedrill-trial-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

const profile = {
  ...profiles.fast,
  steadyHoldMs: seconds(5),
  // Patient: the machine may be busy with other things.
  steadyDeadlineMs: minutes(5),
  holdMs: seconds(6),
  runbookDelayMs: seconds(10),
  relapseWatchMs: seconds(3),
};
const spec = (which: number, over: Partial<TrialSpec> = {}): TrialSpec => {
  const c = scenario.runbooks[which];
  if (c === undefined) throw new Error('no such runbook');
  return {
    id: 't-1',
    scenarioId: 'test',
    scenario,
    claimed: c,
    profile,
    seed: 1,
    trigger: { kind: 'oracle' },
    dir,
    keep: 'never',
    limits: defaultLimits,
    ...over,
  };
};
const never = new AbortController().signal;
const run = (world: World, s: TrialSpec, signal = never) => {
  const clock = fastClock();
  return runTrial(s, depsFor(world, clock), () => undefined, signal, clock);
};

describe('a cure that does not last', () => {
  /** Repairs, and breaks again so long after it, as a job in the background does. */
  const undone = (world: World, afterMs: number) => {
    const { handler } = world.cluster;
    world.cluster.handler = (call) => {
      if (call.command === 'repair') setTimeout(() => (world.up = false), afterMs / 50);
      return handler(call);
    };
  };

  it('is seen by the confirmation, which ends as soon as it is', async () => {
    const world = new World();
    undone(world, 40_000);
    const { record } = await run(world, spec(0, { watchMs: 300_000 }));
    expect(record.outcome).toBe('relapsed');
    expect(record.downAgain).toMatchObject({ relapse: true, slis: ['web'] });
    expect(record.endMs).toBeLessThan(150_000);
  });

  it('is not without it, and the record says how long it was watched', async () => {
    const world = new World();
    undone(world, 200_000);
    const { record } = await run(world, spec(0));
    expect(record.outcome).toBe('recovered');
    expect(record.watchedStableMs).toBeLessThan(100_000);
  });

  it('is watched for its whole time where it lasts', async () => {
    const { record } = await run(new World(), spec(0, { watchMs: 120_000 }));
    expect(record.outcome).toBe('recovered');
    expect(record.watchedStableMs).toBeGreaterThanOrEqual(120_000 - 1000);
  });
});

describe('a responder', () => {
  const answering = claimed({ ...runbook('agent', ''), responder: './agent.sh', steps: [] }, 'unknown', '');
  /** A trial in which this responds. */
  const responding = async (responder: Responder, world = new World(), over: Partial<TrialSpec> = {}) => {
    writeFileSync(join(dir, 'kubectl'), '#!/bin/sh\n', { mode: 0o755 });
    Object.assign(world.cluster, { workstationEnv: { PATH: dir } });
    const { exec } = world;
    // As ssh has it, a failing command of several does not end the others.
    world.exec = (call) => exec({ ...call, command: call.command.replace('set +e\n', '') });
    const clock = fastClock();
    const deps = { ...depsFor(world, clock), responders: new Map([['agent', responder]]) };
    const { record } = await runTrial(spec(0, { claimed: answering, ...over }), deps, () => undefined, never, clock);
    return { record, world, events: readEvents(readFileSync(join(dir, 'events.jsonl'), 'utf8'), 'events') };
  };
  const nobody = { comes: 'called' } as const;

  it('is judged as a runbook is, by what it typed', async () => {
    let alerts = 0;
    let seen = '';
    const { record, events } = await responding({
      ...nobody,
      work: async (desk) => {
        alerts = desk.feed.alerts.length;
        seen = readFileSync(join(desk.dir, 'README.md'), 'utf8') + JSON.stringify([desk.env, desk.feed.alerts]);
        await desk.kubectl(['get', 'pods', '--token=abcdef.0123456789abcdef']);
        await desk.onNode('fake-worker2', 'repair');
        return { how: 'done', says: 'it ended with exit code 0' };
      },
    });
    expect(record).toMatchObject({ outcome: 'recovered', mitigation: { commands: 1, failed: 0 } });
    expect(record.responder).toMatchObject({ commands: 2, changes: 1, how: 'done' });
    const { firstLookMs = 0, firstChangeMs = 0 } = record.responder ?? {};
    expect(firstLookMs).toBeGreaterThan(9000);
    expect(firstChangeMs).toBeGreaterThanOrEqual(firstLookMs);
    expect(alerts).toBe(1);
    // It is told what users see, and nothing of the outage: neither the scenario's name nor the fault's, nor a runbook's.
    expect(seen).toContain('"says":"web is down"');
    expect(leaksIn(seen, ['test', 'break', 'repair', 'useless', 'agent'])).toEqual([]);
    const steps = events.filter((event) => event.type === 'step' && event.part === 'runbook' && event.state === 'done');
    expect(steps).toMatchObject([
      { on: 'workstation', changes: false },
      { on: 'worker 2', command: 'repair', changes: true },
    ]);
    expect(JSON.stringify(steps)).not.toContain('0123456789abcdef');
    expect(record.steps.filter(({ part }) => part === 'runbook')).toHaveLength(2);
  });

  /** Types this, and stays at its desk until it is told to go. */
  const lingering = (first: string): Responder => ({
    ...nobody,
    work: async (desk, { signal }) => {
      await desk.onNode('fake-worker', first);
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => {
          resolve();
        });
      });
      return { how: 'over', says: 'it was stopped' };
    },
  });

  it('is told to stop when service has been stable', async () => {
    const { record } = await responding(lingering('repair'));
    expect(record.outcome).toBe('recovered');
    expect(record.responder).toMatchObject({ how: 'over', says: 'it was still at work when service had been stable' });
  });

  it('is told to stop when its time is up', async () => {
    const { record } = await responding(lingering('pray'));
    expect(record.outcome).toBe('not-recovered');
    expect(record.responder).toMatchObject({ how: 'late', says: 'it was stopped at its limit' });
  });

  it('may fail, and is an outcome like any other', async () => {
    const { record } = await responding({ ...nobody, work: () => Promise.reject(new Error('no brain')) });
    expect(record.outcome).toBe('not-recovered');
    expect(record.responder).toEqual({ commands: 0, changes: 0, how: 'failed', says: 'no brain' });
  });

  it('that is on call is at its desk before the fault', async () => {
    let before = false;
    const { record, world } = await responding(
      {
        comes: 'on-call',
        work: async (desk) => {
          before = world0.up;
          while (desk.feed.alerts.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
          await desk.kubectl(['repair']);
          await desk.onNode('fake-worker', 'repair');
          return { how: 'done', says: 'done' };
        },
      },
      (world0 = new World()),
    );
    expect(before).toBe(true);
    expect(world).toBe(world0);
    expect(record.outcome).toBe('recovered');
    // Sooner than a runbook would have begun.
    expect(record.responder?.firstChangeMs).toBeLessThan(9000);
  });
  let world0: World;

  it('may reboot a node, which then comes back', async () => {
    const world = new World();
    const { exec } = world;
    let off = false;
    world.exec = (call) => {
      if (call.command === 'sudo reboot') off = true;
      return call.command === 'true' && off ? 1 : exec(call);
    };
    world.cluster.reboot = (node) => {
      world.log.push(`switched on ${node}`);
      off = false;
      return Promise.resolve();
    };
    await responding(
      {
        ...nobody,
        work: async (desk) => {
          await desk.onNode('fake-worker', 'sudo reboot');
          while (off) await new Promise((resolve) => setTimeout(resolve, 5));
          await desk.onNode('fake-worker', 'repair');
          return { how: 'done', says: 'done' };
        },
      },
      world,
    );
    expect(world.log.filter((line) => line.startsWith('switched on'))).toEqual(['switched on fake-worker']);
  });

  it('may harm what it should not', async () => {
    const world = new World();
    const { record } = await responding(
      {
        ...nobody,
        work: async (desk) => {
          await desk.onNode('fake-worker', 'repair');
          // A request that was due before the repair and is late would see it too, and what came before a change is none of its doing.
          await new Promise((resolve) => setTimeout(resolve, 100));
          world.shopOpen = false;
          return { how: 'done', says: 'done' };
        },
      },
      world,
      { scenario: { ...scenario, probes: [probe, shop] } },
    );
    expect(record.outcome).toBe('harmed');
  });
});

describe('rules that are evaluated beside a trial', () => {
  const rule: Detector = {
    id: 'WebDown',
    title: 'WebDown',
    source: 'test',
    expects: '',
    right: [{ node: 'worker' }],
    loop: () => 'scraped',
    leastTtdMs: () => millis(0),
    periodMs: () => seconds(1000),
    watch: (context) => context.alerts?.('WebDown') ?? fail(),
  };
  const fail = (): never => {
    throw new Error('no alerts');
  };
  const facts = {
    ...{ type: 'monitoring' as const, scrapeMs: 2000, evaluationMs: 4000, groupWaitMs: 4000 },
    ...{
      groupIntervalMs: 40_000,
      repeatIntervalMs: 1_920_000,
      lookbackMs: 40_000,
      targets: { kubelet: 3 },
      absent: {},
    },
  };

  /** A monitoring that is asked for the alert's readings while the world goes on. */
  const beside = async (world: World, readings: (signal: AbortSignal, clock: TrialClock) => AsyncIterable<Reading>) => {
    const clock = fastClock();
    const stack: AlertStack = {
      facts,
      readings: (_name, signal) => readings(signal, clock),
      history: () =>
        Promise.resolve([
          { type: 'alert', alertname: 'WebDown', labels: { node: 'worker' }, pendingMs: 1, firingMs: 2, lastMs: 3 },
        ]),
      keep: (file) => Promise.resolve(void world.log.push(`keep ${file.split('/').at(-1) ?? ''}`)).then(() => 1),
      stop: () => Promise.resolve(void world.log.push('stop monitoring')),
    };
    const deps = { ...depsFor(world, clock), startAlerts: () => Promise.resolve(stack) };
    const watched = { ...scenario, detectors: [rule] };
    const result = await runTrial(spec(0, { scenario: watched }), deps, () => undefined, never, clock);
    const events = readFileSync(join(dir, 'events.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; labels?: object });
    return { ...result, events };
  };

  it('are its alerts: told, by name and labels, and kept with what Prometheus had before all is taken away', async () => {
    const world = new World();
    const { record, events } = await beside(world, async function* (signal, clock) {
      yield { state: 'quiet' };
      const up = () => world.up;
      while (up()) await clock.sleep(100, signal);
      await clock.sleep(1000, signal);
      yield { state: 'firing', what: 'WebDown', labels: { alertname: 'WebDown', node: 'worker' } };
      while (!up()) await clock.sleep(100, signal);
      yield { state: 'quiet' };
    });
    expect(record.detectors).toMatchObject([{ id: 'WebDown', status: 'detected', what: 'WebDown' }]);
    expect(events.find((event) => event.type === 'monitoring')).toMatchObject(facts);
    expect(events.find((event) => event.type === 'detector' && 'labels' in event)?.labels).toEqual({
      alertname: 'WebDown',
      node: 'worker',
    });
    expect(events.filter((event) => event.type === 'alert')).toHaveLength(1);
    expect(world.log.filter((line) => /keep|monitoring|delete|undo/.test(line))).toEqual([
      'keep metrics.tar.gz',
      'stop monitoring',
      'delete',
    ]);
  });

  it('are dead, and not missed, when Prometheus dies', async () => {
    const world = new World();
    const { record } = await beside(world, async function* (signal, clock) {
      yield { state: 'quiet' };
      while (world.up) await clock.sleep(100, signal);
      throw new Error('the monitoring is dead: connect ECONNREFUSED');
    });
    expect(record.detectors).toMatchObject([
      { id: 'WebDown', status: 'dead', what: 'the monitoring is dead: connect ECONNREFUSED' },
    ]);
  });
});

describe('controls', () => {
  it('healthy: nothing is done, nothing is broken, and it is watched for its time', async () => {
    const world = new World();
    const none = runbookOf(scenario, { runbook: 'none', control: 'healthy' });
    const { record, cause } = await run(world, spec(0, { ...(none && { claimed: none }), control: 'healthy' }));
    expect([cause, record.outcome, record.control]).toEqual(['completed', 'control-clean', 'healthy']);
    expect(record).not.toHaveProperty('onset');
    expect(world.log.filter((l) => !['stop probes', 'stop load', 'delete'].includes(l))).toEqual([]);
    const observe = record.phases.find((p) => p.name === 'observe');
    expect((observe?.toMs ?? 0) - (observe?.fromMs ?? 0)).toBeGreaterThanOrEqual(healthyWatchMs(profile) - early);
    // No pod is deleted to see whether a recovery lasts: there was none.
    expect(world.cluster.api.podStates.map((pod) => pod.name)).toEqual(['web-a', 'web-b']);
  });

  it('on-healthy: the runbook is run, no fault before it, and what it breaks is its own cost', async () => {
    const world = new World();
    const { handler } = world.cluster;
    world.cluster.handler = (call) => {
      if (call.command === 'pray') {
        world.up = false;
        setTimeout(() => (world.up = true), 100);
      }
      return handler(call);
    };
    const useless = runbookOf(scenario, { runbook: 'useless', control: 'on-healthy' });
    const { record } = await run(world, spec(1, { ...(useless && { claimed: useless }), control: 'on-healthy' }));
    expect([record.outcome, record.runbook, record.control]).toEqual(['control-disturbed', 'useless', 'on-healthy']);
    expect(world.log).not.toContain('save');
    expect(world.log).not.toContain('break');
    expect(record.badnessMs).toBeGreaterThan(0);
    expect(record.mitigation).toMatchObject({ commands: 1, failed: 0 });
    expect(record.detectors[0]?.falseAlarms).toBe(0);
  });

  it('on-healthy: a cure that leaves it broken is watched to the horizon, and did harm', async () => {
    const world = new World();
    const { handler } = world.cluster;
    world.cluster.handler = (call) => {
      if (call.command === 'repair') world.up = false;
      return call.command === 'repair' ? '' : handler(call);
    };
    const { record } = await run(world, spec(0, { control: 'on-healthy' }));
    expect(record.outcome).toBe('harmed');
  });

  it('harness-undo: the undo stands where the runbook would', async () => {
    const world = new World();
    const undo = runbookOf(scenario, { runbook: 'harness-undo', control: 'harness-undo' });
    const { record } = await run(world, spec(0, { ...(undo && { claimed: undo }), control: 'harness-undo' }));
    expect([record.outcome, record.runbook, record.claim.expect]).toEqual(['recovered', 'harness-undo', 'unknown']);
    // Once, as the runbook: at the end there was nothing left to undo.
    expect(world.log.filter((l) => l === 'undo')).toHaveLength(world.cluster.select('workers').length);
  });

  it.each([{ kind: 'oracle' } as const, { kind: 'detector', id: 'alarm' } as const])(
    'delayed: the runbook begins 30 s after it would (trigger $kind)',
    async (trigger) => {
      const world = new World();
      // Far enough for the delay and a machine that is busy with other things.
      const patient = { ...scenario, horizonMs: { stock: minutes(9), fast: minutes(9) } };
      const { record } = await run(world, spec(0, { scenario: patient, control: 'delayed', trigger }));
      expect(record.outcome).toBe('recovered');
      const began = (record.mitigation?.startMs ?? 0) - (record.onset?.lo ?? 0);
      const least = canaryDelayMs + (trigger.kind === 'oracle' ? profile.runbookDelayMs : 0);
      expect(began).toBeGreaterThanOrEqual(least - early);
    },
  );
});

describe('runTrial', () => {
  it('notes what each probe has to reach: what it says, or the default', () => {
    const strict = { ...scenario, probes: [probe, { ...shop, slo: 0.99 }] };
    expect(startedEvent(spec(0, { scenario: strict }), 0)).toMatchObject({ probes: [{ slo: 0.9 }, { slo: 0.99 }] });
  });

  it('a prevention makes the change in its own way: no witness is waited for, and what does not break was prevented', async () => {
    const world = new World();
    const careful = { ...runbook('careful', 'repair'), instead: [act('one node first', 'workstation', 'look')] };
    const { record } = await run(world, spec(0, { claimed: claimed(careful, 'recovers', '') }));
    expect([record.outcome, record.ttr]).toEqual(['prevented', { lo: 0, hi: 0 }]);
    expect(world.log).not.toContain('break');
    // Where the fault is in effect all the same, and where it is not.
    expect(record.witness).toEqual(['fake-worker: broken: no (no)', 'fake-worker2: broken: no (no)']);
  });

  it('a runbook that repairs is recovered, detected, and everything is stopped in the right order', async () => {
    const world = new World();
    const { record, cause } = await run(world, spec(0));
    expect([cause, record.outcome, record.fullRecoveryMissing]).toEqual(['completed', 'recovered', []]);
    expect(record.ttr).not.toHaveProperty('censored');
    expect(record.detectors[0]?.status).toBe('detected');
    expect(world.log.filter((l) => ['stop probes', 'stop load', 'delete'].includes(l))).toEqual([
      'stop probes',
      'stop load',
      'delete',
    ]);
    // It was repaired, so there was nothing to undo, and nothing that somebody will ask about.
    expect(world.log).not.toContain('undo');
    expect(existsSync(join(dir, 'nodes'))).toBe(false);
    expect(JSON.parse(readFileSync(join(dir, 'undo.json'), 'utf8'))).toMatchObject({
      state: 'cluster-deleted',
      cluster: 'fake',
    });
  });

  it('does not end in the middle of a symptom of somebody else: it is watched until that is over', async () => {
    const world = new World();
    const { api } = world.cluster;
    const [remove, list] = [api.deletePod.bind(api), api.pods.bind(api)];
    api.deletePod = (...args) => {
      world.shopOpen = false;
      return remove(...args);
    };
    api.pods = (options) => {
      // The inventory, which is the last that is done: nothing else is without a signal.
      if (options?.signal === undefined && !world.shopOpen) setTimeout(() => (world.shopOpen = true), 100);
      return list(options);
    };
    const beside = {
      ...{ ...scenario, probes: [probe, shop], detectors: [] },
      horizonMs: { stock: minutes(9), fast: minutes(9) },
    };
    const patient = { ...profile, holdMs: seconds(60) };
    const { record } = await run(world, spec(0, { scenario: beside, profile: patient }));
    expect(record.collateral).toMatchObject({ bystanderBadMs: expect.toSatisfy((ms: number) => ms > 0) as number });
    expect(record.outcome).toBe('recovered');
  });

  it("sets the cluster up, the runbook's prevention last, before anything is measured or broken", async () => {
    const world = new World();
    const prepared = { ...scenario, setup: [act('as in the postmortem', 'control-plane', 'one CoreDNS')] };
    const repair = runbook('repair', 'repair');
    const cautious = claimed({ ...repair, before: [act('precaution', 'control-plane', 'be careful')] }, 'recovers', '');
    const { record } = await run(world, spec(0, { scenario: prepared, claimed: cautious }));
    expect(record.outcome).toBe('recovered');
    const order = ['one CoreDNS', 'be careful', 'save', 'break', 'repair'].map((c) => world.log.indexOf(c));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order).not.toContain(-1);
    expect(record.steps.filter((s) => s.part === 'setup').map((s) => s.command)).toEqual(['one CoreDNS', 'be careful']);
  });

  it('a cluster that could not be set up is not broken any further', async () => {
    const world = new World();
    const impossible = { ...scenario, setup: [reboot('reboot', 'workers', seconds(1))] };
    world.cluster.reboot = () => Promise.reject(new Error('it burns'));
    const { record, cause } = await run(world, spec(0, { scenario: impossible }));
    expect([cause, record.outcome]).toEqual(['environment', 'invalid']);
    expect(world.log).not.toContain('break');
  });

  it('a useless runbook is watched to the horizon, censored there, and the fault is undone', async () => {
    const world = new World();
    const { record } = await run(world, spec(1));
    expect(record.outcome).toBe('not-recovered');
    expect(record.ttr).toMatchObject({ censored: true });
    expect(world.log).toContain('undo');
    // What the nodes wrote is kept, as it was before the undo.
    expect(readdirSync(join(dir, 'nodes'))).toHaveLength(world.cluster.nodes.length);
    const logs = world.log.findIndex((command) => command.includes('journalctl'));
    expect(logs).toBeGreaterThan(world.log.indexOf('pray'));
    expect(logs).toBeLessThan(world.log.indexOf('undo'));
    expect(world.up).toBe(true);
  });

  it('a fault that takes a while has its onset after the last look that proved that it was not in effect yet', async () => {
    const world = new World();
    const { exec } = world;
    world.exec = async (call) => {
      // Six seconds of the trial's: on its clock, fifty times as fast.
      if (call.command === 'break') await new Promise((resolve) => setTimeout(resolve, 120));
      if (call.command === 'too early?') return world.up ? 'yes' : 'no';
      return exec(call);
    };
    const slow = spec(0);
    const notYet = [{ name: 'too early', on: 'workers', command: 'too early?', expect: '^yes$' }] as const;
    const fault = { ...scenario.fault, notYet };
    const { record } = await run(world, { ...slow, scenario: { ...scenario, fault } });
    const injectMs = readFileSync(join(dir, 'events.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly type: string; readonly part?: string; readonly atMs: number })
      .find((event) => event.type === 'step' && event.part === 'inject')?.atMs;
    expect(record.outcome).toBe('recovered');
    expect((record.onset?.lo ?? 0) - (injectMs ?? Infinity)).toBeGreaterThan(4000);
    expect((record.onset?.hi ?? 0) - (injectMs ?? Infinity)).toBeGreaterThan(5900);
  });

  it('a fault that does not take effect makes the trial invalid, whatever the runbook did', async () => {
    const world = new World();
    world.injectWorks = false;
    const { record, cause } = await run(world, spec(0));
    expect([cause, record.outcome]).toEqual(['no-witness', 'invalid']);
    expect(world.log).not.toContain('repair');
    expect(world.log).toContain('delete');
    expect(readdirSync(join(dir, 'nodes'))).toHaveLength(world.cluster.nodes.length);
  });

  it('no steady state: nothing is injected', async () => {
    const world = new World();
    world.up = false;
    const hurried = { ...profile, steadyDeadlineMs: seconds(30) };
    const { record, cause } = await run(world, spec(0, { profile: hurried }));
    expect([cause, record.outcome]).toEqual(['no-steady-state', 'invalid']);
    expect(world.log).not.toContain('break');
  });

  it('an abort in mid-outage undoes the fault, deletes the cluster and says so', async () => {
    const world = new World();
    const abort = new AbortController();
    const clock = fastClock();
    const ending = runTrial(
      spec(1),
      depsFor(world, clock),
      (event) => {
        if (event.type === 'phase' && event.name === 'observe' && event.state === 'started')
          abort.abort(new Error('Ctrl-C'));
      },
      abort.signal,
      clock,
    );
    const { record, cause } = await ending;
    expect([cause, record.outcome]).toEqual(['interrupted', 'invalid']);
    expect(world.log.slice(world.log.indexOf('break'))).toEqual(expect.arrayContaining(['undo', 'delete']));
    // Who presses Ctrl-C does not wait for logs.
    expect(existsSync(join(dir, 'nodes'))).toBe(false);
    expect(world.up).toBe(true);
  });

  it.each([
    ['memory', { memory: 100 * 2 ** 20 }, 'environment', 'available memory 100 MiB, limit 256 MiB'],
    ['disk', { disk: 0.5e9 }, 'environment', 'free disk 0.5 GB, limit 1.0 GB'],
    ['load', { load: 55.24 }, 'environment', 'load for each CPU 55.2, limit 40'],
  ] as const)(
    'too little %s in mid-outage stops it, undoes the fault, deletes even a cluster to be kept, and says why',
    async (name, host, code, says) => {
      const world = new World();
      const clock = fastClock();
      const notes: string[] = [];
      const { record, cause, error } = await runTrial(
        spec(1, { keep: 'always' }),
        depsFor(world, clock),
        (event) => {
          if (event.type === 'phase' && event.name === 'observe' && event.state === 'started')
            world.host = { ...world.host, ...host };
          if (event.type === 'note') notes.push(event.text);
        },
        never,
        clock,
      );
      expect([cause, record.outcome, record.reason]).toEqual([
        'limit',
        'invalid',
        `stopped to protect this machine: ${says}`,
      ]);
      expect(error).toMatchObject({ code, message: `trial t-1 was stopped by an abort condition: ${says}` });
      expect(world.log.slice(world.log.indexOf('break'))).toEqual(expect.arrayContaining(['undo', 'delete']));
      expect(world.up).toBe(true);
      expect(notes).toContain(`abort condition: ${says}`);
      const stored = readFileSync(join(dir, 'events.jsonl'), 'utf8');
      expect(stored).toContain(`"type":"limit","name":"${name}"`);
      expect(JSON.parse(readFileSync(join(dir, 'undo.json'), 'utf8'))).toMatchObject({ state: 'cluster-deleted' });
    },
  );

  it('a trial that takes longer than it may is stopped as a time-out', async () => {
    const world = new World();
    const { cause, error } = await run(world, spec(1, { limits: { time: 20_000 } }));
    expect(cause).toBe('limit');
    expect(error).toMatchObject({ code: 'timeout' });
    expect(world.log).toContain('delete');
  });

  it('one bad look stops nothing, and neither does what nobody watches', async () => {
    const world = new World();
    const clock = fastClock();
    let looks = 0;
    const deps = {
      ...depsFor(world, clock),
      readHost: () => Promise.resolve({ memory: ++looks % 3 === 0 ? 2 ** 30 : 1, disk: 0 }),
    };
    const { cause } = await runTrial(spec(0, { limits: { memory: 2 ** 20 } }), deps, () => undefined, never, clock);
    expect(cause).toBe('completed');
    expect(looks).toBeGreaterThan(6);
  });

  describe('a person on call', () => {
    /** Sits down at a world, does this as soon as it is down, and remembers what was told. */
    const person = (world: World, act: (shift: Shift) => void) => {
      const told: string[] = [];
      const onCall: OnCall = {
        quietMs: { least: 2000, most: 4000 },
        begin: (shift) => {
          told.push(world.up ? 'begins healthy' : 'begins broken');
          shift.commands.started({ index: 0, on: 'workstation', command: 'kubectl get pods', changes: false });
          const timer = setInterval(() => {
            if (world.up) return;
            clearInterval(timer);
            // Users have to notice first: six seconds of the trial's.
            setTimeout(() => {
              act(shift);
            }, 120);
          }, 1);
          return Promise.resolve();
        },
        end: () => Promise.resolve(void told.push('ends')),
      };
      return { onCall, told };
    };
    const waiting = { ...spec(1).claimed, runbook: { ...runbook('on-call', ''), steps: [] } };
    const stored = () => readFileSync(join(dir, 'events.jsonl'), 'utf8');

    it('gets a healthy cluster, and the drill ends when service has held; what was typed before the fault is no answer to it', async () => {
      const world = new World();
      const { onCall, told } = person(world, (shift) => {
        const fix = { index: 1, on: 'workstation', command: 'repair', changes: true };
        shift.commands.started(fix);
        world.up = true;
        shift.commands.ended(fix, { exitCode: 0, output: '' });
      });
      const { record } = await run(world, spec(1, { claimed: waiting, onCall }));
      expect(record.outcome).toBe('recovered');
      expect(record.mitigation).toMatchObject({ commands: 1 });
      expect(told.slice(0, 2)).toEqual(['begins healthy', 'ends']);
      expect(stored()).toContain('"type":"on-call","state":"restored"');
      expect(record.steps.filter(({ part }) => part === 'runbook').map(({ name }) => name)).toEqual(['repair']);
    });

    it('is told what fires when the fault is known to be in effect, and not before, with the names that runbooks have for nodes', async () => {
      const world = new World();
      const told: string[] = [];
      const { onCall } = person(world, (shift) => {
        shift.commands.started({ index: 1, on: 'fake-worker2', command: 'look', changes: false });
        shift.leave('gave-up');
      });
      const heard: OnCall = {
        ...onCall,
        begin: (shift, signal) => {
          shift.alerts(({ alert, state }) => {
            const witnessed = shift.events.some((event) => event.type === 'witness' && event.confirmed);
            told.push(`${alert} ${state}${witnessed ? '' : ' too early'}`);
          });
          return onCall.begin(shift, signal);
        },
      };
      await run(world, spec(1, { claimed: waiting, onCall: heard }));
      expect(told).toEqual(['alarm firing']);
      expect(stored()).toContain('"on":"worker 2","command":"look"');
      expect(stored()).toContain('before the fault, on workstation: kubectl get pods');
    });

    it('ends at once when it is given up, and the fault is undone', async () => {
      const world = new World();
      const { onCall } = person(world, (shift) => {
        shift.hint({ index: 0, title: 'Where', says: 'there', costMs: 1000 });
        shift.leave('gave-up');
      });
      const { cause } = await run(world, spec(1, { claimed: waiting, onCall }));
      expect(cause).toBe('completed');
      expect(stored()).toContain('"state":"gave-up"');
      expect(stored()).toContain('"type":"hint","index":0');
      expect(world.log).toEqual(expect.arrayContaining(['undo', 'delete']));
    });

    it('whoever leaves before service has held has not been seen to mend it', async () => {
      const world = new World();
      const { onCall } = person(world, (shift) => {
        world.up = true;
        shift.leave('left');
      });
      const { record } = await run(world, spec(1, { claimed: waiting, onCall }));
      expect(record.outcome).toBe('unknown');
      expect(record.reason).toMatch(/^not stable, but watched for only/);
    });

    it('whoever leaves before anything broke has it ended', async () => {
      const world = new World();
      const onCall: OnCall = {
        quietMs: { least: 60_000, most: 60_000 },
        begin: (shift) => {
          shift.leave('left');
          return Promise.resolve();
        },
        end: () => Promise.resolve(),
      };
      const { cause } = await run(world, spec(1, { claimed: waiting, onCall }));
      expect(cause).toBe('interrupted');
      expect(world.log).not.toContain('break');
    });
  });

  it('a trigger by an alert begins the runbook when it fires, not before', async () => {
    const world = new World();
    const { record } = await run(world, spec(0, { trigger: { kind: 'detector', id: 'alarm' } }));
    expect(record.outcome).toBe('recovered');
    expect(record.mitigation?.startMs).toBeLessThan((record.onset?.hi ?? 0) + profile.runbookDelayMs);
  });
});
