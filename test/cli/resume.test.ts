import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { kubeadm } from '../../harness/distributions/kubeadm.ts';
import cniWipe from '../../scenarios/cni-wipe.ts';
import type { Plan } from '../../harness/model/plan.ts';
import type { TrialRecord } from '../../harness/model/record.ts';
import type { Scenario } from '../../harness/model/scenario.ts';
import { millis } from '../../harness/model/units.ts';
import { makePlan } from '../../harness/engine/plan.ts';
import { endOf, keepFinished, requireSameMachine, resumePlan } from '../../harness/engine/resume.ts';

const scenario = cniWipe(kubeadm);
const planOf = (trials: number, runbooks = ['wait', 'restore-cni']): Plan =>
  makePlan({ scenarioId: 'cni-wipe', scenario, profile: 'fast', trials, seed: 7, runbooks, createdEpochMs: 0 });
const record = (trialId: string, environment: Record<string, string> = {}) =>
  ({ trialId, environment }) as unknown as TrialRecord;

describe('resumePlan', () => {
  it('is the same plan, or the same with further blocks', () => {
    expect(resumePlan(planOf(2), scenario, 2)).toEqual(planOf(2));
    expect(resumePlan(planOf(2), scenario, 1)).toEqual(planOf(2));
    expect(resumePlan(planOf(2), scenario, 5)).toEqual(planOf(5));
    // Once there are results, more blocks are a look that nobody had planned.
    expect(resumePlan(planOf(2), scenario, 5, 4).comparison).toMatchObject({
      looks: [{ blocks: 5, level: 0.05 }],
      amendments: [{ trialsSeen: 4, what: '5 blocks instead of 2' }],
    });
    expect(resumePlan(planOf(2), scenario, 2, 4)).toEqual(planOf(2));
  });

  it('keeps what was run again', () => {
    const old = planOf(1);
    const again = { id: 'wait-1-again', block: 1, runbook: 'wait', seed: 3, repeats: 'wait-1' };
    const plan = resumePlan({ ...old, trials: [...old.trials, again] }, scenario, 2);
    expect(plan.trials).toEqual([...planOf(2).trials, again]);
  });

  const { fault } = scenario;
  const [cure, ...others] = scenario.runbooks.filter(({ runbook }) => runbook.id === 'restore-cni');
  if (cure === undefined) throw new Error('no such runbook');
  const shorter = { ...cure, runbook: { ...cure.runbook, steps: cure.runbook.steps.slice(1) } };
  const step = fault.inject[0];
  if (step === undefined) throw new Error('the fault injects nothing');
  it.each<[string, Partial<Scenario>]>([
    ['fault', { fault: { ...fault, inject: [...fault.inject, step] } }],
    ['fault', { fault: { ...fault, witness: fault.witness.slice(1) } }],
    ['fault', { fault: { ...fault, undo: [] } }],
    ['fault', { fault: { ...fault, targets: 'control-plane' } }],
    ['setup', { setup: [step] }],
    ['probes', { probes: scenario.probes.slice(1) }],
    ['probes', { breaks: [] }],
    ['probes', { probes: scenario.probes.map((probe) => ({ ...probe, slo: 0.5 })) }],
    ['detectors', { detectors: scenario.detectors.slice(1) }],
    ['workload', { cluster: { ...scenario.cluster, workload: 'another' } }],
    ['number of workers', { cluster: { ...scenario.cluster, workers: 7 } }],
    ['horizon', { horizonMs: { ...scenario.horizonMs, fast: scenario.horizonMs.stock } }],
    ['stability window', { holdMs: { fast: millis(3_600_000), stock: millis(3_600_000) } }],
    ['runbooks', { runbooks: [shorter, ...scenario.runbooks.filter((one) => one !== cure), ...others] }],
  ])('refuses a scenario whose %s has changed', (what, change) => {
    expect(() => resumePlan(planOf(2), { ...scenario, ...change }, 2)).toThrow(
      `scenario cni-wipe has changed since (its ${what})`,
    );
  });

  it('resumes a run whose plan is from before the fault was in it, and which was stored in a file', () => {
    const { test: _later, ...old } = planOf(2);
    expect(resumePlan(old, scenario, 2)).toEqual(old);
    expect(resumePlan(JSON.parse(JSON.stringify(planOf(2))) as Plan, scenario, 2)).toEqual(planOf(2));
  });
});

describe('requireSameMachine', () => {
  const facts = { 'image.node': 'node:1', kernel: release(), cpus: String(cpus().length) };
  const resumed = (environment: Record<string, string>) => ({
    runDir: '',
    plan: planOf(1),
    records: [record('wait-1', environment)],
  });

  it('has nothing against the same, and names what is another', () => {
    requireSameMachine(resumed(facts), 'node:1');
    expect(() => {
      requireSameMachine(resumed(facts), 'node:2');
    }).toThrow(/image\.node is node:2, but was node:1/);
    expect(() => {
      requireSameMachine(resumed({ ...facts, cpus: '64' }), 'node:1');
    }).toThrow(/cpus is \d+, but was 64/);
  });
});

describe('finished trials', () => {
  let runDir: string;
  beforeEach(() => {
    runDir = mkdtempSync(join(tmpdir(), 'firedrill-resume-'));
  });
  afterEach(() => {
    rmSync(runDir, { recursive: true });
  });
  const trial = (id: string, ...events: readonly object[]): string => {
    const dir = join(runDir, 'trials', id);
    mkdirSync(dir, { recursive: true });
    writeFileSync(
      join(dir, 'events.jsonl'),
      events.map((event, seq) => `${JSON.stringify({ ...event, seq, atMs: seq })}\n`).join(''),
    );
    return dir;
  };
  const long = { type: 'note', text: 'x'.repeat(30_000) };

  it('are told by their last event', () => {
    expect(endOf(trial('a', long, { type: 'trial.ended', cause: 'completed' }))).toBe('completed');
    expect(endOf(trial('b', { type: 'trial.ended', cause: 'interrupted' }))).toBe('interrupted');
    expect(endOf(trial('c', long))).toBeUndefined();
    expect(endOf(trial('d'))).toBeUndefined();
    expect(endOf(join(runDir, 'trials', 'never'))).toBeUndefined();
    const cut = trial('e', { type: 'trial.started' });
    writeFileSync(join(cut, 'events.jsonl'), '{"type":"trial.ended","cau', { flag: 'a' });
    expect(endOf(cut)).toBeUndefined();
  });

  it('are kept, the invalid ones too; what was cut off is set aside, never lost', () => {
    const plan = planOf(2);
    const [a = '', b = '', c = '', d = ''] = plan.trials.map(({ id }) => id);
    trial(a, { type: 'trial.ended', cause: 'completed' });
    trial(b, { type: 'trial.ended', cause: 'no-witness' });
    trial(c, { type: 'trial.ended', cause: 'interrupted' });
    const resumed = { runDir, plan, records: [a, b, c].map((id) => record(id)) };
    expect([...keepFinished(resumed).keys()]).toEqual([a, b]);
    expect(existsSync(join(runDir, 'trials', c))).toBe(false);
    expect(existsSync(join(runDir, 'trials', `${c}.cut-1`, 'events.jsonl'))).toBe(true);
    trial(c, { type: 'trial.started' });
    trial(d, { type: 'trial.ended', cause: 'environment' });
    expect([...keepFinished(resumed).keys()]).toEqual([a, b]);
    expect(existsSync(join(runDir, 'trials', `${c}.cut-2`, 'events.jsonl'))).toBe(true);
    expect(existsSync(join(runDir, 'trials', `${d}.cut-1`, 'events.jsonl'))).toBe(true);
  });
});
