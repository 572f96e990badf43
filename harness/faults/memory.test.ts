import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { kubeadm } from '../distributions/kubeadm.ts';
import { oomDatabaseLimit } from './oom-database-limit.ts';
import { oomDatabase } from './oom-database.ts';
import { oomKillsOf, podsMemory, unused } from '../model/commands.ts';
import type { Step } from '../model/step.ts';

/** Commands about memory, on folders that stand for control groups and with a kernel's log that somebody wrote. */

const MiB = 1_048_576;
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'firedrill-memory-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

/** Runs a node's command with everything that it names of the node under the test's own folder. */
function run(command: string) {
  const moved = command
    .replaceAll('/sys/fs/cgroup', `${root}/cgroup`)
    .replaceAll(unused.folder, `${root}/unused`)
    .replaceAll('/proc/meminfo', `${root}/meminfo`);
  const { status, stdout, stderr } = spawnSync('sh', ['-ec', moved], {
    encoding: 'utf8',
    env: { PATH: `${root}/bin:${process.env['PATH'] ?? ''}` },
  });
  return { status, stdout: stdout.trim(), stderr };
}
function folder(path: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(join(root, path), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, path, name), `${text}\n`);
}
function tool(name: string, script: string): void {
  folder('bin', { [name]: `#!/bin/sh\n${script}` });
  chmodSync(join(root, 'bin', name), 0o755);
}
const version1 = (limit: number, used: number, cache = 0) => {
  folder('cgroup/memory/kubelet.slice/kubelet-kubepods.slice', {
    'memory.limit_in_bytes': String(limit),
    'memory.usage_in_bytes': String(used),
    'memory.stat': `active_file 5\ninactive_file 0\ntotal_active_file ${cache}\ntotal_inactive_file 1000`,
  });
};
const version2 = (limit: string) => {
  folder('cgroup/kubelet.slice/kubelet-kubepods.slice', {
    'memory.max': limit,
    'memory.current': '6000',
    'memory.stat': 'anon 1\nactive_file 400\ninactive_file 100\nfile 999',
  });
};

describe('podsMemory', () => {
  const show = `${podsMemory(kubeadm)}\necho "$limit $used $cache $available"`;
  it('reads control groups of version 1, with what children hold', () => {
    version1(9_000_000_000, 6000, 4_000_000_000);
    expect(run(show)).toMatchObject({ status: 0, stdout: '9000000000 6000 4000001000 12999995000' });
  });
  it('reads version 2, also without a limit', () => {
    version2('10000');
    expect(run(show)).toMatchObject({ status: 0, stdout: '10000 6000 500 4500' });
    version2('max');
    folder('.', { meminfo: 'MemTotal:       24684092 kB' });
    expect(run(show)).toMatchObject({ status: 0, stdout: '25276510208 6000 500 25276504708' });
  });
  it('fails where there is neither', () => {
    expect(run(show).status).not.toBe(0);
  });
});

describe('who was killed, and for whose limit', () => {
  const id = 'ab'.repeat(32);
  const node = `/docker/${'cd'.repeat(32)}`;
  const pods = `${node}/kubelet.slice/kubelet-kubepods.slice`;
  const pod = `${pods}/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-podcb5d4490_eb34_4137_b128_3c37740786b8.slice`;
  const line = (limit: string, of = id, task = 'postgres') =>
    `[43482.4] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=x,mems_allowed=0,oom_memcg=${limit},task_memcg=${pod}/cri-containerd-${of}.scope,task=${task},pid=7,uid=999`;
  const log = (...lines: readonly string[]) => {
    tool('dmesg', `cat <<'LOG'\n${lines.join('\n')}\nLOG`);
  };
  const holds = (check: { readonly command: string; readonly expect: string } | undefined) => {
    if (check === undefined) throw new Error('no witness');
    return new RegExp(check.expect, 'm').test(run(check.command).stdout);
  };
  const full = () => holds(oomDatabase(kubeadm, { worker: 2, serverMiB: 256 }).witness[0]);
  const own = () => holds(oomDatabaseLimit(kubeadm, { worker: 2 }).witness[0]);
  beforeEach(() => {
    tool('ctr', `echo "$*" | grep -q '"io.kubernetes.container.name"==chromadb' && echo ${id}`);
  });

  it('tells the limit of all pods from that of one', () => {
    log(line(pods));
    expect([full(), own()]).toEqual([true, false]);
    // A node that is limited itself is full, too.
    log(line(node));
    expect([full(), own()]).toEqual([true, false]);
    log(line(pod));
    expect([full(), own()]).toEqual([false, true]);
    log(line(`${pod}/cri-containerd-${id}.scope`));
    expect([full(), own()]).toEqual([false, true]);
    log(line('/kubepods/burstable/podcb5d4490-eb34-4137-b128-3c37740786b8'));
    expect([full(), own()]).toEqual([false, true]);
  });
  it('does not take the kill of another container, or of another process, for it', () => {
    log(line(pods, 'ef'.repeat(32)), line(pods, id, 'dd'), 'something else');
    expect([full(), own()]).toEqual([false, false]);
    expect(run(oomKillsOf(kubeadm, 'chromadb')).stdout).toMatch(/^oom_memcg=[^\n]+task=dd,pid=7,uid=999$/);
    log('nothing');
    expect(run(oomKillsOf(kubeadm, 'chromadb'))).toMatchObject({ status: 0, stdout: '' });
  });
});

describe('how much the neighbours take', () => {
  const fault = oomDatabase(kubeadm, { worker: 2, serverMiB: 256 });
  const command = (step: Step | undefined) => (step !== undefined && 'command' in step ? step.command : 'false');
  const [, count] = fault.prepare;
  const [tell] = fault.inject;
  const fill = () => {
    const counted = run(command(count));
    return counted.status === 0 ? { ...run(command(tell)), counted: counted.stdout } : counted;
  };
  beforeEach(() => {
    folder('unused', {});
  });

  it('leaves room for everything but the server', () => {
    version1(768 * MiB, 480 * MiB);
    expect(fill()).toMatchObject({ status: 0 });
    const each = Number(run(`cat ${unused.folder}/blocks`).stdout);
    const leftMiB = 288 + 256 + 24 - (each * unused.replicas * unused.blockCostKiB) / 1024;
    expect(leftMiB).toBeGreaterThan(128 - 16);
    expect(leftMiB).toBeLessThan(128 + 16);
    expect(fill()).toHaveProperty(
      'counted',
      expect.stringMatching(/^288 of 768 MiB are available; 17 blocks of 4 MiB for each of 6$/),
    );
  });
  it('is never more than they can hold: then nothing is told to them', () => {
    version1(8192 * MiB, 480 * MiB);
    expect(fill().status).not.toBe(0);
    expect(run(`ls ${unused.folder}`).stdout).toBe('');
  });
  it('is nothing after the undo', () => {
    version1(768 * MiB, 480 * MiB);
    fill();
    run(command(fault.undo[0]));
    expect(run(`ls ${unused.folder}`).stdout).toBe('');
  });
  it('is seen when it is done', () => {
    const check = fault.witness[1];
    const holds = () => new RegExp(check?.expect ?? '', 'm').test(run(check?.command ?? '').stdout);
    version1(768 * MiB, 620 * MiB);
    expect(holds()).toBe(true);
    version1(768 * MiB, 480 * MiB);
    expect(holds()).toBe(false);
  });
});
