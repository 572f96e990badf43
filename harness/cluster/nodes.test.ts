import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { millis } from '../model/units.ts';
import { execInNode, splitPid, wrapped } from './nodes.ts';
import type { RunProcess } from './process.ts';

describe('execInNode', () => {
  it('hands the command to sh -ec as one argument and takes its own line off stderr', async () => {
    let seen: readonly string[] = [];
    const run: RunProcess = (_file, args) => {
      seen = args;
      return Promise.resolve({ exitCode: 3, stdout: 'out', stderr: 'firedrill-pid:42\nbad\n' });
    };
    expect(await execInNode('n', "echo 'a b'", {}, run)).toEqual({ exitCode: 3, stdout: 'out', stderr: 'bad\n' });
    expect(seen).toEqual(['exec', 'n', ...wrapped("echo 'a b'")]);
    await execInNode('n', 'cat', { input: 'x' }, run);
    expect(seen.slice(0, 3)).toEqual(['exec', '-i', 'n']);
  });

  it('kills what lives on in the node when it was cut', async () => {
    const calls: (readonly string[])[] = [];
    const run: RunProcess = (_file, args, options) => {
      calls.push(args);
      if (calls.length === 1) {
        options?.onStderr?.('firedrill-pid:42\n');
        return Promise.resolve({ exitCode: 124, stdout: '', stderr: '' });
      }
      return Promise.resolve({ exitCode: 0, stdout: '', stderr: '' });
    };
    expect(await execInNode('n', 'sleep 9', { timeoutMs: millis(1) }, run)).toMatchObject({ exitCode: 124 });
    expect(calls[1]?.join(' ')).toContain('kill -KILL -42');
  });

  it('kills nothing when the command never started', async () => {
    const calls: (readonly string[])[] = [];
    const run: RunProcess = (_file, args) => {
      calls.push(args);
      return Promise.resolve({ exitCode: 124, stdout: '', stderr: '' });
    };
    await execInNode('n', 'true', {}, run);
    expect(calls).toHaveLength(1);
  });

  it('leaves the stderr of docker itself as it is', () => {
    expect(splitPid('Error: No such container: n\n')).toEqual({
      pid: undefined,
      rest: 'Error: No such container: n\n',
    });
  });
});

describe('a command of the harness in a node', () => {
  /** Runs it with a folder in the place of the node's control groups; which group it was put into, by the file that the kernel would read. */
  function groupAfter(own: string) {
    const dir = mkdtempSync(join(tmpdir(), 'firedrill-group-'));
    try {
      writeFileSync(join(dir, 'self'), `${own}\n`);
      const [program = '', ...args] = wrapped('echo "$$"').map((word) =>
        word.replaceAll('/proc/self/cgroup', `${dir}/self`).replaceAll('/sys/fs/cgroup', dir),
      );
      const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
      expect([status, stderr]).toEqual([0, `firedrill-pid:${stdout}`]);
      const procs = join(dir, 'firedrill', 'cgroup.procs');
      return existsSync(procs) ? { told: readFileSync(procs, 'utf8'), pid: stdout } : undefined;
    } finally {
      rmSync(dir, { recursive: true });
    }
  }

  it('leaves the root group, in which the kubelet of cgroup v2 bears nobody', () => {
    const moved = groupAfter('0::/');
    expect(moved?.told).toBe(moved?.pid);
    expect(moved?.told).toMatch(/^\d+\n$/);
  });

  it('stays where it is in a node that is up, and on cgroup v1', () => {
    expect(groupAfter('0::/init.scope')).toBeUndefined();
    expect(groupAfter('12:pids:/\n0::/')).toBeUndefined();
  });
});
