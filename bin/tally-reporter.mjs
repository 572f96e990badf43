// A reporter of vitest's: the sums of a run and why what failed did, written to FIREDRILL_TALLY when the run ends. vitest's own JSON report
// leaves out what failed in a suite's hooks, where clusters are made.
import { writeFileSync } from 'node:fs';

export default class TallyReporter {
  /**
   * @param {import('vitest/node').TestModule[]} modules
   * @param {import('vitest/node').SerializedError[]} unhandled
   */
  onTestRunEnd(modules, unhandled) {
    writeFileSync(process.env.FIREDRILL_TALLY, JSON.stringify(sumOf([...modules], [...unhandled])));
  }
}

/** What failed outside of a test (a file that cannot be imported, a hook, an unhandled rejection) counts as one failure each. */
function sumOf(modules, unhandled) {
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const states = tests.map((test) => test.result().state);
  const count = (...wanted) => states.filter((state) => wanted.includes(state)).length;
  const outside = [
    ...modules.flatMap((module) => [
      ...module.errors().map((error) => line(module.relativeModuleId, error)),
      ...[...module.children.allSuites()].flatMap((suite) =>
        suite.errors().map((error) => line(suite.fullName, error)),
      ),
    ]),
    ...unhandled.map((error) => line('outside of all tests', error)),
  ];
  const failed = tests
    .filter((test) => test.result().state === 'failed')
    .map((test) => line(test.fullName, test.result().errors?.[0]));
  return {
    passed: count('passed'),
    failed: failed.length + outside.length,
    skipped: count('skipped', 'pending'),
    failures: [...failed, ...outside],
  };
}

const line = (name, error) =>
  `FAILED ${name}: ${String(error?.message ?? error)
    .replace(/\s+/g, ' ')
    .slice(0, 600)}`;
