import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';

/** The job's own script, with an npm and a docker that only say what they are told to. */

const root = join(import.meta.dirname, '..', '..');
vi.setConfig({ testTimeout: 120_000 });

let home = '';
afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

/** Shell lines that make a run whose process is gone and that left a folder; `state` may name a variable of the shell. */
const deadRun = (state: string, runId: string): string => {
  const folder = join(state, 'work', runId);
  return [
    `mkdir -p "${folder}" "${join(state, 'runs')}"`,
    `cat > "${join(state, 'runs', runId)}.jsonl" <<END`,
    JSON.stringify({
      ...{ type: 'run', schemaVersion: 1, runId, scenario: 'x', runDir: folder, epochMs: 1 },
      owner: { pid: 1, started: 'in another life' },
    }),
    JSON.stringify({ type: 'intend', resource: { kind: 'dir', name: folder } }),
    'END',
  ].join('\n');
};

function job(npm: string): Promise<{ readonly exitCode: number | null; readonly stdout: string }> {
  const bin = join(home, 'bin');
  mkdirSync(bin, { recursive: true });
  for (const [name, script] of Object.entries({ npm, docker: 'exit 0' })) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const env = { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}`, TMPDIR: home };
  const child = spawn(process.execPath, [join(root, 'bin', 'ci.mjs'), '60'], {
    env: { ...env, FIREDRILL_STATE: join(home, 'users') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => {
      resolve({ exitCode, stdout });
    });
  });
}

describe('the CI job', () => {
  it('takes away what an earlier run left, and does not fail for it', async () => {
    home = mkdtempSync(join(tmpdir(), 'firedrill-ci-test-'));
    const users = join(home, 'users');
    const { exitCode, stdout } = await job(`${deadRun(users, 'killed-yesterday')}\necho '3 passed, 0 failed'`);
    expect(stdout).toContain('of an earlier run: removed dir');
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('3 passed, 0 failed');
    expect(exitCode).toBe(0);
    expect(existsSync(join(users, 'work', 'killed-yesterday'))).toBe(false);
  });

  it('fails for what its own tests left, and takes that away, too', async () => {
    home = mkdtempSync(join(tmpdir(), 'firedrill-ci-test-'));
    const { exitCode, stdout } = await job(
      `${deadRun('$FIREDRILL_STATE', 'left-by-tests')}\necho '3 passed, 0 failed'`,
    );
    expect(stdout).toMatch(/FAILED left behind after the tests:\nwould remove dir .*left-by-tests/);
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('3 passed, 1 failed');
    expect(exitCode).toBe(1);
  });
});
