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
 * Counts of vitest's JSON report. What fails outside a test (a file that cannot be imported, an unhandled rejection, no
 * report at all) counts as one failure: a run that went wrong must never look green.
 * @param {string | undefined} text
 * @param {number} exitCode vitest's
 */
export function readReport(text, exitCode) {
  let report;
  try {
    report = JSON.parse(text ?? '');
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const brokenFiles = (report.testResults ?? []).filter(
    (file) => file.status === 'failed' && !(file.assertionResults ?? []).some((test) => test.status === 'failed'),
  ).length;
  const passed = report.numPassedTests ?? 0;
  const failed = (report.numFailedTests ?? 0) + brokenFiles;
  const skipped = (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0);
  return { passed, failed: failed === 0 && exitCode !== 0 ? 1 : failed, skipped };
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

/**
 * What failed in vitest's JSON report, a line each: a log that is cut in the middle still ends with why it is red.
 * @param {string | undefined} text
 */
export function failuresOf(text) {
  let report;
  try {
    report = JSON.parse(text ?? '');
  } catch {
    return [];
  }
  const line = (name, message) =>
    `FAILED ${name}: ${(message ?? '')
      .split(/\n\s*at /)[0]
      .replace(/\s+/g, ' ')
      .slice(0, 600)}`;
  return (report.testResults ?? []).flatMap((file) => {
    const tests = (file.assertionResults ?? []).filter((test) => test.status === 'failed');
    if (tests.length > 0) return tests.map((test) => line(test.fullName, test.failureMessages?.[0]));
    return file.status === 'failed' ? [line(file.name, file.message)] : [];
  });
}
