import { describe, expect, it } from 'vitest';
import { add, failuresOf, lastLine, readReport, readTally } from './tally.mjs';

const report = (fields) =>
  JSON.stringify({ numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, ...fields });

describe('the tally', () => {
  it('is one line, with skipped tests only when there are any', () => {
    expect(lastLine({ passed: 3, failed: 0, skipped: 0 })).toBe('3 passed, 0 failed');
    expect(lastLine({ passed: 3, failed: 1, skipped: 2 })).toBe('3 passed, 1 failed, 2 skipped');
  });

  it('is preceded by what failed and why, a line each', () => {
    const testResults = [
      {
        name: 'a.test.ts',
        status: 'failed',
        assertionResults: [
          { status: 'passed', fullName: 'fine' },
          { status: 'failed', fullName: 'a thing', failureMessages: ['Error: not 1\n  but 2\n    at a.test.ts:3'] },
        ],
      },
      { name: 'b.test.ts', status: 'failed', message: 'cannot be read', assertionResults: [{ status: 'skipped' }] },
    ];
    expect(failuresOf(report({ testResults }))).toEqual([
      'FAILED a thing: Error: not 1 but 2',
      'FAILED b.test.ts: cannot be read',
    ]);
    expect(failuresOf(undefined)).toEqual([]);
  });

  it('adds up', () => {
    expect(add({ passed: 1, failed: 2, skipped: 3 }, { passed: 10, failed: 20, skipped: 30 })).toEqual({
      passed: 11,
      failed: 22,
      skipped: 33,
    });
  });

  it('reads vitest’s report', () => {
    expect(
      readReport(report({ numPassedTests: 5, numFailedTests: 1, numPendingTests: 2, numTodoTests: 1 }), 1),
    ).toEqual({
      passed: 5,
      failed: 1,
      skipped: 3,
    });
  });

  it('counts a file that cannot be loaded', () => {
    const text = report({
      numPassedTests: 5,
      testResults: [
        { status: 'failed', assertionResults: [] },
        { status: 'passed', assertionResults: [{ status: 'passed' }] },
      ],
    });
    expect(readReport(text, 1)).toEqual({ passed: 5, failed: 1, skipped: 0 });
  });

  it('never lets a run look green that was not', () => {
    expect(readReport(undefined, 0).failed).toBe(1);
    expect(readReport('{', 1).failed).toBe(1);
    expect(readReport(report({ numPassedTests: 5 }), 1)).toEqual({ passed: 5, failed: 1, skipped: 0 });
  });

  it('reads the last line of a script, and trusts no script that says nothing or contradicts itself', () => {
    expect(readTally('12 passed, 3 failed', 1)).toEqual({ passed: 12, failed: 3, skipped: 0 });
    expect(readTally('12 passed, 0 failed', 0)).toEqual({ passed: 12, failed: 0, skipped: 0 });
    expect(readTally('12 passed, 0 failed', 1)).toEqual({ passed: 12, failed: 1, skipped: 0 });
    expect(readTally(undefined, 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
});
