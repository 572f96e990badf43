#!/usr/bin/env node
// `npm test`: packages if missing, checks, unit tests, then real clusters. The last line is always `N passed, N failed`.
//   --check    only the checks (types, lint, format, dead code, circles of imports, shell scripts)
//   --unit     checks and tests without Docker
//   --cluster  only the tests on real clusters
//   --cgroup2  only what is shown in a virtual machine with cgroup v2: never part of the whole, for it takes half an hour
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endChildren, runChild } from './children.mjs';
import { ensurePackages, tooOldNode } from './packages.mjs';
import { hasShellcheck, shellcheckCalls } from './shell-scripts.mjs';
import { add, lastLine, readReport, readTally } from './tally.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const known = ['--check', '--unit', '--cluster', '--cgroup2'];
const flags = process.argv.slice(2);

function stop(exitCode, line) {
  process.stderr.write(`firedrill: ${line}\n`);
  process.exit(exitCode);
}

const tooOld = tooOldNode(process.versions.node);
if (tooOld !== undefined) stop(5, tooOld);
// npm takes `npm test --unit` for a setting of its own and tells it by the environment only.
const kept = known.filter((flag) => process.env.npm_lifecycle_event && process.env[`npm_config_${flag.slice(2)}`]);
if (kept.length > 0) {
  const line = ['npm run', process.env.npm_lifecycle_event, '--', ...flags, ...kept].join(' ');
  stop(2, `npm keeps flags before a lone "--" for itself; type: ${line}`);
}
const unknown = flags.find((flag) => !known.includes(flag));
if (unknown !== undefined)
  stop(2, `unknown argument ${JSON.stringify(unknown)}  ->  npm test -- [${known.join(' | ')}]`);

const all = flags.length === 0;
const wants = {
  check: all || flags.includes('--check') || flags.includes('--unit'),
  unit: all || flags.includes('--unit'),
  cluster: all || flags.includes('--cluster'),
  cgroup2: flags.includes('--cgroup2'),
};

// The tests of the command line must not see this run's own npm settings.
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm_config_|npm_lifecycle_|npm_package_)/i.test(name)),
);
const scratch = mkdtempSync(join(tmpdir(), 'firedrill-test-'));
const bin = (name) => join(root, 'node_modules', '.bin', name);
let tally = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
let interrupted;

/** Ends with the tally whatever happened. */
async function finish() {
  rmSync(scratch, { recursive: true, force: true });
  process.stdout.write(`\n${[...failures, lastLine(tally)].join('\n')}\n`);
  process.exit(interrupted ?? (tally.failed > 0 || tally.passed === 0 ? 1 : 0));
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
]) {
  process.on(signal, () => {
    if (interrupted !== undefined) return;
    interrupted = code;
    process.stderr.write(`\nfiredrill: ${signal}: ending the tests\n`);
    // Real clusters are taken down by the tests' own teardown: it gets the time it needs.
    endChildren(100_000).then(async () => {
      // vitest runs no teardown when it is interrupted; what its tests wrote down beforehand can be found.
      if (wants.cluster)
        await runChild(process.execPath, [join(root, 'bin', 'firedrill.mjs'), 'clean'], { cwd: root, env });
      tally = add(tally, { passed: 0, failed: 1, skipped: 0 });
      return finish();
    });
  });
}

/** Checks side by side in pairs: there are two of them for each core of the smallest machine. */
async function checks() {
  const list = [
    ['types', bin('tsc'), ['--noEmit', '-p', '.']],
    ['lint', bin('eslint'), ['.', '--max-warnings', '0'], 'npx eslint . --fix'],
    ['format', bin('prettier'), ['--check', '--log-level', 'warn', '.'], 'npx prettier --write .'],
    ['dead code', bin('knip'), []],
    ['circles', bin('depcruise'), ['--config', '.dependency-cruiser.mjs', 'harness', 'scenarios', 'bench', 'test']],
  ];
  // No npm package brings shellcheck along: the one of that name downloads it from GitHub when it is first run.
  if (hasShellcheck()) list.push(...shellcheckCalls(root).map((args) => ['shell scripts', 'shellcheck', args]));
  else {
    process.stdout.write('skipped shell scripts, no shellcheck here: apt install shellcheck\n');
    tally = add(tally, { passed: 0, failed: 0, skipped: 1 });
  }
  const queue = [...list];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [name, command, args, fix] = next;
      const started = Date.now();
      const { exitCode, output } = await runChild(command, args, { cwd: root, env, capture: true });
      const ok = exitCode === 0;
      process.stdout.write(
        `${ok ? 'ok    ' : 'FAILED'} ${name} (${Math.round((Date.now() - started) / 1000)} s)\n${ok ? '' : `${output.trimEnd()}\n${fix === undefined ? '' : `  -> ${fix}\n`}`}`,
      );
      tally = add(tally, { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 });
    }
  };
  await Promise.all([worker(), worker()]);
}

/** One run of vitest; its own closing block stays on the screen, the numbers come from our reporter. */
async function vitest(projects) {
  const report = join(scratch, `${projects.join('-')}.json`);
  const reporter = join(root, 'bin', 'tally-reporter.mjs');
  const args = ['run', '--passWithNoTests', '--reporter=default', `--reporter=${reporter}`];
  const { exitCode } = await runChild(bin('vitest'), [...args, ...projects.flatMap((name) => ['--project', name])], {
    cwd: root,
    env: { ...env, FIREDRILL_TALLY: report },
  });
  let text;
  try {
    text = readFileSync(report, 'utf8');
  } catch {
    // No report: vitest itself failed, which readReport counts.
  }
  const { failures: why, ...counts } = readReport(text, exitCode);
  tally = add(tally, counts);
  failures.push(...why);
}

try {
  await ensurePackages(root);
} catch (error) {
  process.stderr.write(`firedrill: ${error.message}\n`);
  tally = add(tally, { passed: 0, failed: 1, skipped: 0 });
  await finish();
}
if (wants.check) await checks();
if (wants.unit && interrupted === undefined) await vitest(['unit', 'instrument']);
if (wants.cluster && interrupted === undefined) {
  // The same set-up as a user's first run: Docker, kind, images; with its progress.
  let ready = true;
  for (const distribution of ['kubeadm', 'k3s']) {
    if (!ready || interrupted !== undefined) break;
    const command = [join(root, 'bin', 'firedrill.mjs'), 'prepare', '--distribution', distribution];
    ready = (await runChild(process.execPath, command, { cwd: root, env })).exitCode === 0;
  }
  if (ready) await vitest(['cluster']);
  else {
    process.stdout.write('FAILED this machine could not be made ready for real clusters (see above)\n');
    tally = add(tally, { passed: 0, failed: 1, skipped: 0 });
  }
}
if (wants.cgroup2 && interrupted === undefined) {
  const script = join(root, 'test', 'vm', 'cgroup2.ts');
  const { exitCode, heldBack } = await runChild(process.execPath, ['--import', 'tsx', script], {
    cwd: root,
    env,
    holdBack: /^\d+ passed, \d+ failed$/,
  });
  tally = add(tally, readTally(heldBack, exitCode));
}
if (interrupted === undefined) await finish();
