import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { analyseTrial } from '../analysis/record.ts';
import { summarise } from '../analysis/summary.ts';
import { buildLog } from '../../test/support/log-builder.ts';
import { planOf } from '../../test/support/plan.ts';
import { rendered } from '../../test/support/rendered.ts';
import { planSchema } from '../model/plan.ts';
import { problemsOf } from '../model/schema.ts';
import { reportJsonSchema, reportSchema } from './report-schema.ts';

const root = join(import.meta.dirname, '..', '..');
const kept = join(root, 'reports', 'examples');
const keptRuns = readdirSync(kept, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? [e.name] : []));
const read = (...path: readonly string[]): unknown => JSON.parse(readFileSync(join(kept, ...path), 'utf8'));
const plan = planOf(1);
const record = analyseTrial(
  buildLog({
    trialId: 'cure-1',
    runbook: 'cure',
    probes: [{ sli: 'dns', outages: [[32_000, 71_000]] }],
    steps: [{ name: 'restart', fromMs: 61_000, toMs: 65_000 }],
    audits: [{ store: 'ledger', missing: 3, oldestLostAckMs: 29_000 }],
    detectors: [{ id: 'node', expects: '.' }],
    readings: [{ atMs: 40_000, detector: 'node', state: 'firing', what: 'NotReady' }],
    endMs: 120_000,
  }),
);
const fresh = JSON.parse(rendered('json', summarise(plan, [record]), plan, [record])) as Record<string, unknown>;

describe('the schema of report.json', () => {
  it.each(keptRuns)('holds for the kept run of %s', (scenario) => {
    expect(problemsOf(reportSchema, read(scenario, 'report.json'))).toEqual([]);
    expect(problemsOf(planSchema, read(scenario, 'plan.json'))).toEqual([]);
  });

  it('holds for a report of today, and knows every field of it', () => {
    // Unknown fields are taken away by the parser: nothing may be.
    expect(reportSchema.parse(fresh)).toEqual(fresh);
  });

  it('says where something is wrong', () => {
    const plan = { ...(fresh['plan'] as object), trials: [{ id: 'x', block: 'one', runbook: 'y', seed: 1 }] };
    expect(problemsOf(reportSchema, { ...fresh, plan })).toEqual([
      'plan.trials[x].block: expected number, received string',
    ]);
    expect(problemsOf(reportSchema, { ...fresh, schemaVersion: 2 })).toEqual([
      'schemaVersion: written by another version of firedrill',
    ]);
    expect(problemsOf(reportSchema, [])).toEqual(['expected object, received array']);
  });

  it('lets fields of a later minor version through', () => {
    expect(problemsOf(reportSchema, { ...fresh, later: 1 })).toEqual([]);
  });

  it('is published as it is: docs/report.schema.json (npx vitest run --project unit report-schema -u writes it)', async () => {
    await expect(reportJsonSchema()).toMatchFileSnapshot(join(root, 'docs', 'report.schema.json'));
    const { $schema, required, title } = z
      .object({ $schema: z.string(), required: z.array(z.string()), title: z.string() })
      .parse(JSON.parse(reportJsonSchema()));
    expect($schema).toContain('2020-12');
    expect(required).toEqual(['schemaVersion', 'plan', 'summary', 'trials']);
    expect(title).toBe('firedrill report');
  });
});
