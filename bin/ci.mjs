// What .ci/run is: `npm test` under a time limit, then proof that nothing was left behind. `node bin/ci.mjs <seconds>`
import { mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { endChildren, runChild } from './children.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const limitMs = Number(process.argv[2] ?? 3360) * 1000;
// A registry of this job's own: what an earlier run on this machine left (one that was killed, say) is not this job's failure, and
// what this job leaves cannot hide among it.
const state = mkdtempSync(join(tmpdir(), 'firedrill-ci-'));
const own = { ...process.env, FIREDRILL_STATE: state };
const firedrill = (args, env) =>
  runChild(process.execPath, [join(root, 'bin', 'firedrill.mjs'), ...args], { cwd: root, capture: true, env });

let why;
const end = (reason) => {
  why ??= reason;
  // The tests' own teardown deletes their clusters and prints the tally; 110 s is more than it allows itself.
  return endChildren(110_000);
};
const timer = setTimeout(() => void end(`not done within ${limitMs / 1000} s`), limitMs);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void end(signal));

const tests = await runChild('npm', ['test', '--silent'], { cwd: root, env: own, holdBack: /^\d+ passed, \d+ failed/ });
clearTimeout(timer);

const problems = why === undefined ? [] : [`the tests were ended: ${why}`];
if (why === undefined) {
  const left = await firedrill(['clean', '--dry-run', '--kept'], own);
  if (left.exitCode === 1) problems.push(`left behind after the tests:\n${left.output.trimEnd()}`);
  else if (left.exitCode !== 0 && left.exitCode !== 5) problems.push(`clean failed: ${left.output.trimEnd()}`);
}
await firedrill(['clean', '--kept'], own);
// The log of an engine that was started for this stays as long as the engine does.
for (const name of readdirSync(state)) {
  if (name !== 'dockerd.log') rmSync(join(state, name), { recursive: true, force: true });
}
if (readdirSync(state).length === 0) rmdirSync(state);
// Dead runs of before go as well, said and not counted; what somebody keeps stays.
const before = await firedrill(['clean'], process.env);
for (const line of before.output.split('\n').filter((text) => text.startsWith('removed ')))
  process.stdout.write(`of an earlier run: ${line}\n`);
for (const problem of problems) process.stdout.write(`FAILED ${problem}\n`);

const [, passed = '0', failed = '0', skipped = ''] =
  /^(\d+) passed, (\d+) failed(.*)$/.exec(tests.heldBack ?? '') ?? [];
// Without a tally the tests died before they could count: that is a failure too.
const total = Number(failed) + problems.length + (tests.heldBack === undefined && problems.length === 0 ? 1 : 0);
process.stdout.write(`${passed} passed, ${total} failed${skipped}\n`);
process.exitCode = tests.exitCode === 0 && total === 0 ? 0 : tests.exitCode || 1;
