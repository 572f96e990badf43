/** Sums of tests. A check (types, lint ...) counts as one test. */

/**
 * @param {{ passed: number, failed: number, skipped: number }} a
 * @param {{ passed: number, failed: number, skipped: number }} b
 */
export function add(a, b) {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/**
 * The last line of a test run; skipped tests are mentioned only when there are any.
 * @param {{ passed: number, failed: number, skipped: number }} tally
 */
export function lastLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/**
 * What the tally reporter wrote of a run of vitest. No report at all, or none that explains the exit code, counts as one failure: a run that went
 * wrong must never look green.
 * @param {string | undefined} text
 * @param {number} exitCode vitest's
 */
export function readReport(text, exitCode) {
  let report;
  try {
    report = JSON.parse(text ?? '');
  } catch {
    return { passed: 0, failed: 1, skipped: 0, failures: ['FAILED vitest ended without a report'] };
  }
  if (report.failed > 0 || exitCode === 0) return report;
  return { ...report, failed: 1, failures: [`FAILED vitest ended with exit code ${exitCode}, and no test failed`] };
}

/**
 * The tally of a script that ends with `N passed, N failed`. One that says nothing, or fails without saying of what, counts as one failure.
 * @param {string | undefined} line
 * @param {number} exitCode the script's
 */
export function readTally(line, exitCode) {
  const [, passed, failed] = /^(\d+) passed, (\d+) failed$/.exec(line ?? '') ?? [];
  if (passed === undefined) return { passed: 0, failed: 1, skipped: 0 };
  return { passed: Number(passed), failed: Number(failed) === 0 && exitCode !== 0 ? 1 : Number(failed), skipped: 0 };
}
