import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageList } from '../../harness/images/build.ts';
import { act, reboot } from '../../harness/model/define.ts';
import { seconds } from '../../harness/model/units.ts';
import type { Runner } from '../../harness/host/run.ts';
import { checkQemu, diskKey, lastWords, onMachine, qemuArgs, recipe } from './machine.ts';
import { patient, patientLook, slowly } from './slow.ts';

const options = { folder: '/cache/a,b', port: 4001, workDir: '/tmp/w', memoryMiB: 6144, cpus: 2, keep: false };

describe('the virtual machine', () => {
  it('has an emulated processor, no way out, and one port of loopback', () => {
    const args = qemuArgs(options).join(' ');
    expect(args).toContain('-accel tcg,thread=multi');
    expect(args).toContain('user,id=n,restrict=on,hostfwd=tcp:127.0.0.1:4001-10.0.2.15:2375');
    expect(args).toContain('cgroup_no_v1=all');
    expect(args.match(/hostfwd/g)).toHaveLength(1);
  });

  it('writes to its disk only when that is to be kept, and takes any path', () => {
    expect(qemuArgs(options).join(' ')).toContain(
      'file=/cache/a,,b/disk,format=raw,if=virtio,cache=unsafe,snapshot=on',
    );
    expect(qemuArgs({ ...options, keep: true }).join(' ')).toContain('snapshot=off');
  });

  it('has another disk for another recipe and for another node image', () => {
    const key = diskKey('recipe', 'sha256:1');
    expect(key).toMatch(/^[0-9a-f]{12}$/);
    expect(diskKey('recipe', 'sha256:1')).toBe(key);
    expect(diskKey('recipe2', 'sha256:1')).not.toBe(key);
    expect(diskKey('recipe', 'sha256:2')).not.toBe(key);
  });

  it('is made of a kernel and an engine', () => {
    const packages = packageList(readFileSync(join(recipe, 'packages'), 'utf8'));
    expect(packages).toEqual(expect.arrayContaining(['linux-image-cloud-amd64', 'docker.io', 'systemd-sysv']));
  });

  it('is refused in one line where there is no QEMU', async () => {
    const run: Runner['run'] = () =>
      Promise.resolve({ ok: false, exitCode: undefined, stdout: '', stderr: '', missing: true, timedOut: false });
    await expect(checkQemu({ run }, 'linux', 'x64')).rejects.toMatchObject({
      message: 'qemu-system-x86_64 is not there',
      hint: expect.stringContaining('apt-get install') as string,
    });
    await expect(checkQemu({ run }, 'linux', 'arm64')).rejects.toThrow(/Linux x86-64 only, not linux arm64/);
  });

  it('ends with its kernel, and says what the kernel said', () => {
    expect(qemuArgs(options).join(' ')).toMatch(/-no-reboot .*panic=-1/);
    const boring = '[  1.0] a\r\n\u001b[K[\u001b[0;32m  OK  \u001b[0m] b\n\n[  3.0] c\n[  4.0] d\n';
    expect(lastWords(boring)).toBe('[  OK  ] b | [  3.0] c | [  4.0] d');
    expect(lastWords(`[ 2.0] Oops: int3: 0000\n${boring}[ 5.0] Kernel panic - not syncing: Fatal\n[ 6.0] end`)).toBe(
      '[ 2.0] Oops: int3: 0000 | [ 5.0] Kernel panic - not syncing: Fatal',
    );
  });

  it('runs commands beside its containers in its own namespaces', () => {
    expect(onMachine('node:1', 'systemctl poweroff').slice(-4)).toEqual(['-a', 'sh', '-c', 'systemctl poweroff']);
  });
});

describe('patience', () => {
  it('is ten times as long, and nothing else changes', async () => {
    const asked: unknown[] = [];
    const run = slowly((file, args, given) => {
      asked.push([file, args, given]);
      return Promise.resolve({ exitCode: 0, stdout: '', stderr: '' });
    });
    await run('docker', ['ps'], { timeoutMs: 1000, input: 'x' });
    await run('docker', ['ps']);
    expect(asked).toEqual([
      ['docker', ['ps'], { timeoutMs: 10_000, input: 'x' }],
      ['docker', ['ps'], {}],
    ]);
  });

  it('is had with looks, too', async () => {
    const asked: unknown[] = [];
    const look = patientLook((node, command, given) => {
      asked.push([node, command, given]);
      return Promise.resolve({ exitCode: 0, stdout: '', stderr: '' });
    });
    const { signal } = new AbortController();
    await look('n', 'true', { signal, timeoutMs: seconds(2) });
    await look('n', 'true', { signal });
    expect(asked).toEqual([
      ['n', 'true', { signal, timeoutMs: 20_000 }],
      ['n', 'true', { signal }],
    ]);
  });

  it('reaches the time-outs that a command names itself', () => {
    const step = act('a', 'workstation', 'kubectl rollout status x --timeout=50s; sleep 5', { timeoutMs: seconds(60) });
    expect(patient(step)).toEqual({
      ...step,
      command: 'kubectl rollout status x --timeout=500s; sleep 5',
      timeoutMs: 600_000,
    });
    expect(patient(reboot('b', 'nodes', seconds(1))).timeoutMs).toBe(10_000);
  });
});
