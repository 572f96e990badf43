import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadAnywhere, loadScenario, scenarioIds } from '../../harness/cli/load.ts';
import { problemsWith, requireSound } from '../../harness/cli/sound.ts';
import type { Scenario } from '../../harness/model/scenario.ts';
import { shapeProblems } from '../../harness/model/shape.ts';
import { millis } from '../../harness/model/units.ts';

const root = join(import.meta.dirname, '..', '..');

describe('scenarios', () => {
  it('are found by their place', () => {
    expect(scenarioIds(join(root, 'scenarios'))).toContain('cni-wipe');
  });

  it.each(scenarioIds(join(root, 'scenarios')))('%s is sound', async (id) => {
    expect(await problemsWith((await loadAnywhere(id, join(root, 'scenarios'))).scenario)).toEqual([]);
  });
});

describe('the check of a scenario', () => {
  const good = () => loadScenario('lights-out', join(root, 'test', 'cli', 'fixtures', 'scenarios'));
  const broken = async (change: (scenario: Scenario) => Partial<Scenario>) => {
    const scenario = await good();
    return await problemsWith({ ...scenario, ...change(scenario) });
  };

  it('has nothing against a sound one', async () => {
    expect(await problemsWith(await good())).toEqual([]);
  });

  it.each<[string, (scenario: Scenario) => Partial<Scenario>, RegExp]>([
    ['an SLI that nothing measures', () => ({ breaks: ['dns'] }), /breaks names dns, which no probe measures/],
    ['an outage that breaks nothing', () => ({ breaks: [] }), /breaks is empty/],
    ['an SLI on both sides', (s) => ({ keeps: s.breaks }), /in breaks and in keeps/],
    ['a probe twice', (s) => ({ probes: [...s.probes, ...s.probes] }), /duplicate probe light/],
    ['a detector twice', (s) => ({ detectors: [...s.detectors, ...s.detectors] }), /duplicate detector darkness/],
    ['a runbook twice', (s) => ({ runbooks: [...s.runbooks, ...s.runbooks] }), /duplicate runbook wait/],
    ['no control', (s) => ({ runbooks: s.runbooks.slice(1) }), /the control is missing/],
    [
      'a bystander that must break',
      (s) => ({ probes: s.probes.map((p) => ({ ...p, bystander: true })) }),
      /is a bystander/,
    ],
    ['no witness', (s) => ({ fault: { ...s.fault, witness: [] } }), /no witness/],
    ['no undo', (s) => ({ fault: { ...s.fault, undo: [] } }), /no undo/],
    [
      'a witness that an empty answer would satisfy',
      (s) => ({ fault: { ...s.fault, witness: s.fault.witness.map((check) => ({ ...check, expect: '^$' })) } }),
      /witness ".*": \/\^\$\/ matches empty output/,
    ],
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
      /not a regular expression/,
    ],
    [
      'a step without a time-out',
      (s) => ({ fault: { ...s.fault, undo: s.fault.undo.map((step) => ({ ...step, timeoutMs: millis(0) })) } }),
      /no time-out/,
    ],
    [
      'a worker that there is not',
      (s) => ({ fault: { ...s.fault, undo: s.fault.undo.map((step) => ({ ...step, on: { worker: 9 } })) } }),
      /fault \S+, step ".*", is on worker 9, and cluster\.workers is \d/,
    ],
    [
      'a folder that there is not',
      (s) => ({ cluster: { ...s.cluster, workload: 'nowhere' } }),
      /cluster\.workload is nowhere, and \S*manifests\/nowhere does not exist/,
    ],
    [
      'a command that no shell can read',
      (s) => ({ fault: { ...s.fault, witness: s.fault.witness.map((w) => ({ ...w, command: 'if true; echo' })) } }),
      /witness ".*": .*[Ss]yntax error/,
    ],
  ])('finds %s', async (_, change, message) => {
    expect((await broken(change)).join('\n')).toMatch(message);
  });

  it('stops a run with the first of them, in one line', async () => {
    const scenario = { ...(await good()), breaks: [], detectors: [] };
    await expect(requireSound('x', scenario)).rejects.toThrow(/^scenarios\/x\.ts: breaks is empty/);
  });
});

describe('what TypeScript would have said', () => {
  const good = () => loadScenario('lights-out', join(root, 'test', 'cli', 'fixtures', 'scenarios'));
  it.each<[string, (scenario: Scenario) => object, string]>([
    ['a field that is missing', ({ differences: _, ...rest }) => rest, 'differences: is missing'],
    ['a horizon that is missing', ({ horizonMs: _, ...rest }) => rest, 'horizonMs: is missing'],
    [
      'a claim that is none',
      (s) => ({ ...s, runbooks: s.runbooks.map((r) => ({ ...r, claim: { ...r.claim, expect: 'recover' } })) }),
      'runbooks[wait].claim.expect: expected one of "recovers"|"does-not-recover"|"unknown"',
    ],
    [
      'a place that is none',
      (s) => ({ ...s, fault: { ...s.fault, inject: s.fault.inject.map((step) => ({ ...step, on: 'worker1' })) } }),
      'must be workstation, control-plane, workers, nodes, or { worker: <number from 1> }',
    ],
    [
      'a requirement that is none',
      (s) => ({ ...s, fault: { ...s.fault, requires: [{ apart: 'kine' }] } }),
      'fault.requires[0]: must be { apart, unit, daemonSet or staticPod: <component> }',
    ],
    ['a list that is none', (s) => ({ ...s, probes: 'dns' }), 'probes: expected array, received string'],
    [
      'a probe without its function',
      (s) => ({ ...s, probes: s.probes.map((p) => ({ ...p, open: undefined })) }),
      'probes[light].open: must be a function',
    ],
  ])('%s is told with its place', async (_, change, told) => {
    expect(shapeProblems(await good())).toEqual([]);
    expect(shapeProblems(change(await good())).join('\n')).toContain(told);
  });
});
