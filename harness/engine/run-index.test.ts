import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { planOf } from '../../test/support/plan.ts';
import { writeReports } from './reports.ts';

let out = '';
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'firedrill-index-'));
});
afterEach(() => {
  rmSync(out, { recursive: true, force: true });
});

const hour = 3_600_000;

/** A run without trials, and its reports. */
function store(scenario: string, runId: string, createdEpochMs: number, dir = join(out, scenario, runId)): string {
  const plan = { ...planOf(1, { scenario, runId }), createdEpochMs };
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'plan.json'), JSON.stringify(plan));
  writeReports(dir, plan, []);
  return join(dir, 'report.html');
}

const index = (): string => readFileSync(join(out, 'index.html'), 'utf8');

/** The links of a page that lead to another file. */
const links = (file: string): readonly string[] =>
  [...readFileSync(file, 'utf8').matchAll(/href="([^"#]+)/g)].map(([, href]) => href ?? '');

it('every report and the page of all runs link to each other, and no link is dead', () => {
  const reports = [
    store('cni-wipe', '20251121-100000-0001', 1 * hour),
    store('oom-database', '20251121-110000-0002', 2 * hour),
    store('cni-wipe', '20251121-120000-0003', 3 * hour),
  ];
  const page = join(out, 'index.html');
  expect(links(page).map((href) => join(out, href))).toEqual([reports[2], reports[0], reports[1]]);
  for (const report of reports) {
    expect(links(report)).toEqual(['../../index.html']);
    for (const href of links(report)) expect(existsSync(join(dirname(report), href)), href).toBe(true);
  }
});

it('lists by outage, newest first, with what each run came to', () => {
  store('cni-wipe', '20251121-100000-0001', 1 * hour);
  store('oom-database', '20251121-110000-0002', 2 * hour);
  expect([...index().matchAll(/<h2><code>([^<]*)/g)].map(([, name]) => name)).toEqual(['oom-database', 'cni-wipe']);
  expect(index()).toMatch(
    /<a href="cni-wipe\/20251121-100000-0001\/report.html">No data[^<]*<\/a>\n<small>1970-01-01 01:00 UTC · /,
  );
});

it('lists a run that has no report yet, and leaves out what is no run', () => {
  const begun = join(out, 'cni-wipe', '20251121-100000-0001');
  const broken = join(out, 'cni-wipe', '20251121-100000-0009');
  for (const dir of [begun, broken]) mkdirSync(dir, { recursive: true });
  writeFileSync(join(begun, 'plan.json'), JSON.stringify(planOf(1, { runId: '20251121-100000-0001' })));
  writeFileSync(join(broken, 'plan.json'), '{"runId": 1}');
  store('oom-database', '20251121-110000-0002', 2 * hour);
  expect(index()).toContain('No report yet');
  expect(index()).not.toContain('20251121-100000-0009');
});

it('a run that was kept under another name is not listed, and has no link to a page that does not know it', () => {
  const kept = store('cni-wipe', '20251121-100000-0001', hour, join(out, 'examples', 'cni-wipe'));
  expect(links(kept)).toEqual([]);
  expect(existsSync(join(out, 'index.html'))).toBe(false);
});
