import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { add, lastLine, readReport, readTally } from './tally.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

describe('the tally', () => {
  it('is one line, with skipped tests only when there are any', () => {
    expect(lastLine({ passed: 3, failed: 0, skipped: 0 })).toBe('3 passed, 0 failed');
    expect(lastLine({ passed: 3, failed: 1, skipped: 2 })).toBe('3 passed, 1 failed, 2 skipped');
  });

  it('adds up', () => {
    expect(add({ passed: 1, failed: 2, skipped: 3 }, { passed: 10, failed: 20, skipped: 30 })).toEqual({
      passed: 11,
      failed: 22,
      skipped: 33,
    });
  });

  it('never lets a run look green that was not', () => {
    expect(readReport(undefined, 0)).toMatchObject({ failed: 1, failures: ['FAILED vitest ended without a report'] });
    expect(readReport('{', 1).failed).toBe(1);
    expect(readReport(JSON.stringify({ passed: 5, failed: 0, skipped: 0, failures: [] }), 1)).toMatchObject({
      passed: 5,
      failed: 1,
    });
  });

  it('knows what failed in tests, in hooks and in files that cannot be loaded, a line each', () => {
    const dir = mkdtempSync(join(tmpdir(), 'tally-'));
    try {
      const vitest = "import { beforeAll, describe, expect, it } from 'vitest';\n";
      const hook = "describe('a cluster', () => { beforeAll(() => { throw new Error('no port\\nfree'); });";
      writeFileSync(
        join(dir, 'a.test.ts'),
        `${vitest}it('is', () => {});it.skip('will be', () => {});it('was', () => expect(1).toBe(2));`,
      );
      writeFileSync(join(dir, 'b.test.ts'), `${vitest}${hook} it('is never run', () => {}); });`);
      writeFileSync(join(dir, 'c.test.ts'), "import './nowhere.ts';");
      const report = join(dir, 'tally.json');
      const args = ['run', '--root', dir, '--config', join(dir, 'none.ts'), `--reporter=${here('tally-reporter.mjs')}`];
      writeFileSync(join(dir, 'none.ts'), 'export default {};');
      symlinkSync(here('../node_modules'), join(dir, 'node_modules'));
      const { status } = spawnSync(here('../node_modules/.bin/vitest'), args, {
        env: { ...process.env, FIREDRILL_TALLY: report },
      });
      const said = readReport(readFileSync(report, 'utf8'), status);
      expect(said).toMatchObject({ passed: 1, failed: 3, skipped: 2 });
      expect(said.failures).toEqual([
        expect.stringMatching(/^FAILED was: .*expected 1 to be 2/),
        'FAILED a cluster: no port free',
        expect.stringMatching(/^FAILED c\.test\.ts: .*nowhere/),
      ]);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('reads the last line of a script, and trusts no script that says nothing or contradicts itself', () => {
    expect(readTally('12 passed, 3 failed', 1)).toEqual({ passed: 12, failed: 3, skipped: 0 });
    expect(readTally('12 passed, 0 failed', 0)).toEqual({ passed: 12, failed: 0, skipped: 0 });
    expect(readTally('12 passed, 0 failed', 1)).toEqual({ passed: 12, failed: 1, skipped: 0 });
    expect(readTally(undefined, 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
});
