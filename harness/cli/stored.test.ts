import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildLog } from '../../test/support/log-builder.ts';
import { planOf } from '../../test/support/plan.ts';
import type { WholeRecord } from '../model/record.ts';
import { reportsDir } from './load-code.ts';
import { analyseRun, findRun, repairRun, readReport, readRun, reportJson, rewriteReports } from './stored.ts';

let out = '';
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'firedrill-stored-'));
});
afterEach(() => {
  rmSync(out, { recursive: true, force: true });
});

/** A run on disk as the engine leaves it, without its reports. */
function store(scenario: string, runId: string): string {
  const dir = join(out, scenario, runId);
  const plan = planOf(2, { scenario, runId });
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'plan.json'), JSON.stringify(plan));
  for (const { id, runbook } of plan.trials.slice(0, -1)) {
    mkdirSync(join(dir, 'trials', id), { recursive: true });
    const events = buildLog({
      trialId: id,
      scenario,
      runbook,
      probes: [{ sli: 'dns', outages: [[40_000, 70_000]] }],
      breaks: ['dns'],
      inject: [39_000, 40_000],
      endMs: 200_000,
    });
    writeFileSync(
      join(dir, 'trials', id, 'events.jsonl'),
      events.map((event) => `${JSON.stringify(event)}\n`).join(''),
    );
  }
  return dir;
}

/** A run with its records, and where the first trial's are. */
async function oneStored() {
  const dir = store('cni-wipe', '20251121-100000-0001');
  const run = await analyseRun(dir);
  const trial = join(dir, 'trials', run.records[0]?.trialId ?? '');
  return { dir, run, record: join(trial, 'record.json'), events: join(trial, 'events.jsonl') };
}

const changed = (path: string, change: (record: WholeRecord) => unknown): string =>
  JSON.stringify(change(JSON.parse(readFileSync(path, 'utf8')) as WholeRecord));

it('reports of an installed package are not kept in node_modules', () => {
  expect(reportsDir(out, '/work')).toBe('/work/reports');
  writeFileSync(join(out, 'package-lock.json'), '{}');
  expect(reportsDir(out, '/work')).toBe(join(out, 'reports'));
});

it('latest is a run of this machine, not an example that lies beside them', () => {
  const run = store('cni-wipe', '20251121-100000-0001');
  store('examples', 'scheduler-stall');
  expect(findRun('latest', out)).toBe(run);
  expect(findRun('examples/scheduler-stall', out)).toBe(join(out, 'examples', 'scheduler-stall'));
  expect(() => findRun('scheduler-stall', out)).toThrow(/no run/);
});

it('a file is not taken for a run, and what makes one of it is said', () => {
  const file = join(out, 'baseline.json');
  writeFileSync(file, '{}');
  expect(() => findRun(file, out)).toThrow(
    expect.objectContaining({
      code: 'usage',
      message: `${file} is a file: a run is a folder with plan.json or report.json in it`,
      hint: expect.stringContaining(`cp ${file} kept/report.json`) as string,
    }),
  );
});

describe('a stored run', () => {
  it('gives the same reports byte for byte, without a cluster', async () => {
    const dir = store('cni-wipe', '20251121-100000-0001');
    const files = ['report.json', 'report.md', 'report.html', 'report.junit.xml', 'report.openmetrics.txt'];
    const read = () => files.map((file) => readFileSync(join(dir, file), 'utf8'));
    await rewriteReports(await analyseRun(dir));
    const first = read();
    for (const text of first) expect(text.length).toBeGreaterThan(100);
    await rewriteReports(await analyseRun(dir));
    expect(read()).toEqual(first);
  });

  it('is analysed as far as it came: a trial that never began is left out', async () => {
    const dir = store('cni-wipe', '20251121-100000-0001');
    const run = await analyseRun(dir);
    expect(run.records.map((record) => record.trialId)).toEqual(run.plan.trials.slice(0, -1).map((trial) => trial.id));
  });

  it('is read from its records, which say what its events say, and from events where a record is missing or damaged', async () => {
    const dir = store('cni-wipe', '20251121-100000-0001');
    const run = await analyseRun(dir);
    await rewriteReports(run);
    const [first, second, third] = run.records.map((r) => join(dir, 'trials', r.trialId));
    for (const trial of [first, second, third]) if (trial === undefined) throw new Error('too few trials');
    rmSync(join(first ?? '', 'events.jsonl'));
    rmSync(join(second ?? '', 'record.json'));
    writeFileSync(join(third ?? '', 'record.json'), '{"schemaVersion":1,"trialId":"x"');
    expect(await readRun(dir)).toEqual(run);
    const bytes = readFileSync(join(dir, 'report.json'), 'utf8');
    await rewriteReports(await readRun(dir));
    expect(readFileSync(join(dir, 'report.json'), 'utf8')).toBe(bytes);
    // Reading writes nothing, mending does.
    expect(existsSync(join(second ?? '', 'record.json'))).toBe(false);
    expect(await repairRun(dir)).toEqual(run);
    expect(existsSync(join(second ?? '', 'record.json'))).toBe(true);
  });

  it('believes a sound record by the definitions of today without looking at its events', async () => {
    const { dir, record, events } = await oneStored();
    writeFileSync(
      record,
      changed(record, (r) => ({ ...r, badnessMs: 12_345 })),
    );
    writeFileSync(events, 'no log');
    expect((await readRun(dir)).records[0]?.badnessMs).toBe(12_345);
  });

  it.each([
    ['by older definitions', ({ definitions: _, ...r }: WholeRecord) => ({ ...r, badnessMs: 12_345 })],
    ['with a text for a number', (r: WholeRecord) => ({ ...r, badnessMs: '12345' })],
    ['with an outcome that there is not', (r: WholeRecord) => ({ ...r, outcome: 'fine' })],
    ['without an alert’s status', (r: WholeRecord) => ({ ...r, detectors: [{ id: 'node' }] })],
    ['of another trial', (r: WholeRecord) => ({ ...r, trialId: 'cure-2', badnessMs: 12_345 })],
  ])('computes a record %s again from its events', async (_what, change) => {
    const { dir, record, run } = await oneStored();
    writeFileSync(record, changed(record, change));
    expect(await readRun(dir)).toEqual(run);
    expect(await repairRun(dir)).toEqual(run);
    expect(JSON.parse(readFileSync(record, 'utf8'))).toMatchObject({ definitions: 2 });
  });

  it('takes a record by older definitions whose events are gone as far as its timelines tell it', async () => {
    const { dir, record, events } = await oneStored();
    writeFileSync(
      record,
      changed(record, ({ definitions: _, ...r }) => r),
    );
    rmSync(events);
    expect((await readRun(dir)).records[0]).toMatchObject({ definitions: 2, from: 'bands' });
  });

  it('holds of each trial no more than its numbers, and reads whole ones again for its reports', async () => {
    const dir = store('cni-wipe', '20251121-100000-0001');
    for (const run of [await analyseRun(dir), await repairRun(dir), await readRun(dir)]) {
      expect(run.whole).toBeUndefined();
      expect(JSON.stringify(run.records)).not.toMatch(/"(bands|loadSeries|witness|command|lastError)":/);
    }
    await rewriteReports(await readRun(dir));
    const { trials } = JSON.parse(readFileSync(join(dir, 'report.json'), 'utf8')) as { trials: WholeRecord[] };
    expect(trials.map((t) => t.slis[0]?.bands.length)).not.toContain(0);
    for (const trial of trials)
      expect(trial).toEqual(JSON.parse(readFileSync(join(dir, 'trials', trial.trialId, 'record.json'), 'utf8')));
  });

  it('that was kept without its events is read from its report.json, which stays as it is', async () => {
    const dir = store('cni-wipe', '20251121-100000-0001');
    await rewriteReports(await analyseRun(dir));
    const before = await analyseRun(dir);
    const bytes = readFileSync(join(dir, 'report.json'), 'utf8');
    rmSync(join(dir, 'trials'), { recursive: true });
    const after = await analyseRun(dir);
    expect({ plan: after.plan, records: after.records }).toEqual({ plan: before.plan, records: before.records });
    await rewriteReports(after);
    expect(readFileSync(join(dir, 'report.json'), 'utf8')).toBe(bytes);
  });

  it.each([
    ['plan.json', '{"schemaVersion":1}', /plan\.json is not a valid firedrill plan: runId: is missing$/],
    ['plan.json', '{', /plan\.json is not a valid firedrill plan: not JSON \(/],
    ['report.json', '{"schemaVersion":1}', /report\.json is not a valid firedrill report: plan: is missing$/],
    ['report.json', '{"schemaVersion":2}', /: schemaVersion: written by another version of firedrill$/],
    ['report.json', '[', /report\.json is not a valid firedrill report: not JSON \(/],
  ])('says what is wrong with %s: %s', async (file, content, message) => {
    const dir = store('cni-wipe', '20251121-100000-0001');
    rmSync(join(dir, 'trials'), { recursive: true });
    writeFileSync(join(dir, file), content);
    await expect(analyseRun(dir)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(message) as string,
      hint: 'npm run scenario <scenario>',
    });
  });

  it('without its plan.json has it from report.json', async () => {
    const dir = store('cni-wipe', '20251121-100000-0001');
    const run = await analyseRun(dir);
    await rewriteReports(run);
    const plan = join(dir, 'plan.json');
    writeFileSync(plan, '{');
    await expect(readRun(dir)).rejects.toMatchObject({ hint: expect.stringContaining(`mv ${plan} `) as string });
    rmSync(plan);
    expect(findRun(dir, out)).toBe(dir);
    expect(await readRun(dir)).toEqual(run);
  });

  it('whose report.json is damaged has it written again from its trials', async () => {
    const dir = store('cni-wipe', '20251121-100000-0001');
    writeFileSync(join(dir, 'report.json'), '{"schemaVersion":1');
    expect(() => reportJson(dir)).toThrow(expect.objectContaining({ hint: `npm run firedrill -- report ${dir}` }));
    await rewriteReports(await repairRun(dir));
    expect(reportJson(dir).trials).toHaveLength(planOf(2).trials.length - 1);
  });
});

describe('a report of an older version', () => {
  const path = join(import.meta.dirname, '../../test/cli/fixtures', 'report-of-2026-11-22.json');

  it('is read, by the definitions of today as far as it tells', async () => {
    const { plan, records } = await readReport(path);
    expect(plan.test).toBeUndefined();
    expect(records).toMatchObject([{ outcome: 'recovered', definitions: 2, from: 'bands' }]);
  });

  it('gives reports like any other', async () => {
    const dir = join(out, 'old');
    mkdirSync(dir);
    copyFileSync(path, join(dir, 'report.json'));
    await rewriteReports(await readRun(dir));
    expect(reportJson(dir).summary.runbooks).toMatchObject([{ n: 1, outcomes: { recovered: 1 } }]);
  });
});

describe('the name of a run', () => {
  it('is a path, an id, the start of one, a scenario, or latest', () => {
    const a = store('cni-wipe', '20251121-100000-0001');
    const b = store('cni-wipe', '20251122-100000-0002');
    const c = store('coredns-loop', '20251120-100000-0003');
    expect(findRun(a, out)).toBe(a);
    expect(findRun('cni-wipe/20251121-100000-0001', out)).toBe(a);
    expect(findRun('20251120-100000-0003', out)).toBe(c);
    expect(findRun('20251120', out)).toBe(c);
    expect(findRun('cni-wipe', out)).toBe(b);
    expect(findRun('latest', out)).toBe(b);
  });

  it('is the path of its report.json, too, be that damaged or all that is there', () => {
    const path = join(store('cni-wipe', '20251121-100000-0001'), 'report.json');
    writeFileSync(path, '[');
    expect(findRun(path, out)).toBe(dirname(path));
    rmSync(join(dirname(path), 'plan.json'));
    expect(findRun(path, out)).toBe(dirname(path));
    expect(findRun('cni-wipe', out)).toBe(dirname(path));
  });

  it('is refused when it means more than one, or none', () => {
    store('cni-wipe', '20251121-100000-0001');
    store('cni-wipe', '20251122-100000-0002');
    expect(() => findRun('202511', out)).toThrow(/is ambiguous: it matches 2 runs/);
    expect(() => findRun('cni-wip', out)).toThrow(/no run "cni-wip" in .* \(did you mean "cni-wipe"\?\)/);
    expect(() => findRun('x', join(out, 'empty'))).toThrow(/has no runs/);
  });
});
