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

/** vitest's JSON report; undefined where there is none. */
function parsed(text) {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}

/** Every file in which something failed, with its failed tests: none where the file itself could not be run. */
function failuresIn(report) {
  return (report.testResults ?? []).flatMap((file) => {
    const tests = (file.assertionResults ?? []).filter((test) => test.status === 'failed');
    return tests.length > 0 || file.status === 'failed' ? [{ file, tests }] : [];
  });
}

/**
 * Counts of vitest's JSON report. What fails outside a test (a file that cannot be imported, an unhandled rejection, no
 * report at all) counts as one failure: a run that went wrong must never look green.
 * @param {string | undefined} text
 * @param {number} exitCode vitest's
 */
export function readReport(text, exitCode) {
  const report = parsed(text);
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const brokenFiles = failuresIn(report).filter(({ tests }) => tests.length === 0).length;
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
  const report = parsed(text);
  if (report === undefined) return [];
  const line = (name, message) =>
    `FAILED ${name}: ${(message ?? '')
      .split(/\n\s*at /)[0]
      .replace(/\s+/g, ' ')
      .slice(0, 600)}`;
  return failuresIn(report).flatMap(({ file, tests }) =>
    tests.length === 0
      ? [line(file.name, file.message)]
      : tests.map((test) => line(test.fullName, test.failureMessages?.[0])),
  );
}
