import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadScenario, scenarioIds } from '../../harness/cli/load.ts';
import { problemsOf, requireSound } from '../../harness/model/check.ts';
import type { Scenario } from '../../harness/model/scenario.ts';
import { millis } from '../../harness/model/units.ts';

const root = join(import.meta.dirname, '..', '..');

describe('scenarios', () => {
  it('are found by their place', () => {
    expect(scenarioIds(join(root, 'scenarios'))).toContain('cni-wipe');
  });

  it.each(scenarioIds(join(root, 'scenarios')))('%s is sound', async (id) => {
    expect(problemsOf(await loadScenario(id, join(root, 'scenarios')))).toEqual([]);
  });
});

describe('the check of a scenario', () => {
  const good = () => loadScenario('lights-out', join(root, 'test', 'cli', 'fixtures', 'scenarios'));
  const broken = async (change: (scenario: Scenario) => Partial<Scenario>) => {
    const scenario = await good();
    return problemsOf({ ...scenario, ...change(scenario) });
  };

  it('has nothing against a sound one', async () => {
    expect(problemsOf(await good())).toEqual([]);
  });

  it.each<[string, (scenario: Scenario) => Partial<Scenario>, RegExp]>([
    ['an SLI that nothing measures', () => ({ breaks: ['dns'] }), /breaks names dns, which no probe measures/],
    ['an outage that breaks nothing', () => ({ breaks: [] }), /breaks is empty/],
    ['an SLI on both sides', (s) => ({ keeps: s.breaks }), /in breaks and in keeps/],
    ['a probe twice', (s) => ({ probes: [...s.probes, ...s.probes] }), /probe light is there twice/],
    ['a detector twice', (s) => ({ detectors: [...s.detectors, ...s.detectors] }), /detector darkness is there twice/],
    ['a runbook twice', (s) => ({ runbooks: [...s.runbooks, ...s.runbooks] }), /runbook wait is there twice/],
    ['no control', (s) => ({ runbooks: s.runbooks.slice(1) }), /no control/],
    [
      'a bystander that must break',
      (s) => ({ probes: s.probes.map((p) => ({ ...p, bystander: true })) }),
      /is a bystander/,
    ],
    ['no witness', (s) => ({ fault: { ...s.fault, witness: [] } }), /no witness/],
    ['no undo', (s) => ({ fault: { ...s.fault, undo: [] } }), /no undo/],
    ['a fault that does nothing', (s) => ({ fault: { ...s.fault, inject: [] } }), /injects nothing/],
    [
      'a horizon that is too near',
      () => ({ horizonMs: { stock: millis(1000), fast: millis(600_000) } }),
      /horizonMs\.stock/,
    ],
    ['no workers', (s) => ({ cluster: { ...s.cluster, workers: 0 } }), /cluster\.workers/],
    ['no claims', (s) => ({ outage: { ...s.outage, says: [] } }), /outage\.says/],
    [
      'a broken expression',
      (s) => ({ detectors: s.detectors.map((d) => ({ ...d, expects: '(' })) }),
      /no regular expression/,
    ],
    [
      'a step without a time-out',
      (s) => ({ fault: { ...s.fault, undo: s.fault.undo.map((step) => ({ ...step, timeoutMs: millis(0) })) } }),
      /no time-out/,
    ],
  ])('finds %s', async (_, change, message) => {
    expect((await broken(change)).join('\n')).toMatch(message);
  });

  it('stops a run with the first of them, in one line', async () => {
    const scenario = { ...(await good()), breaks: [], detectors: [] };
    expect(() => {
      requireSound('x', scenario);
    }).toThrow(/^scenarios\/x\.ts: breaks is empty/);
  });
});
