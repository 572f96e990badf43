import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { groupOf, parseUsed, watchContention } from './contention.ts';

const id = 'a'.repeat(64);

it('finds the group in which a container is counted, on both versions of cgroups', () => {
  expect(groupOf(`4:memory:/docker/${id}\n2:cpu,cpuacct:/docker/${id}/kubelet/pod1\n0::/\n`, id)).toEqual({
    version: 1,
    path: `/docker/${id}`,
  });
  expect(groupOf(`0::/system.slice/docker-${id}.scope/init.scope\n`, id)).toEqual({
    version: 2,
    path: `/system.slice/docker-${id}.scope`,
  });
  expect(groupOf(`4:memory:/docker/${id}\n`, id)).toBeUndefined();
  expect(groupOf('0::/user.slice\n', id)).toBeUndefined();
});

it('reads what a process and its ended children have used, whatever it is called', () => {
  const rest = ['S', ...Array.from({ length: 10 }, () => '0'), '1', '2', '30', '40', '20'].join(' ');
  expect(parseUsed(`7 (a) b (c) ${rest}`)).toBe(730);
  expect(parseUsed('')).toBeUndefined();
});

describe('watchContention', () => {
  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'contention-'));
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });
  const put = (file: string, text: string): void => {
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    writeFileSync(join(dir, file), text);
  };
  let at = 0;
  const watch = (containers = [id]) =>
    watchContention(containers, { proc: join(dir, 'proc'), groups: join(dir, 'groups'), now: () => at });

  /** The machine at an instant: all CPU time of two CPUs and what of it was busy, seconds; the container's; its threads' run and wait. */
  const machine = (
    second: number,
    given: { busy: number; node: number; own?: number; threads: Readonly<Record<string, readonly [number, number]>> },
  ): void => {
    at = second * 1000;
    const [busy, own] = [given.busy * 100, (given.own ?? 0) * 100];
    put('proc/stat', `cpu  ${busy} 0 0 ${second * 200 - busy} 0 0 0 0 0 0\n`);
    put('proc/self/stat', `1 (node) S ${'0 '.repeat(10)}${own} 0 0 0 20\n`);
    put('groups/cpuacct/docker/' + id + '/cpuacct.usage', `${given.node * 1e9}\n`);
    put('proc/12/cgroup', `2:cpuacct:/docker/${id}/pod\n`);
    // Somebody else's, whose waits are nobody's business here.
    put('proc/13/cgroup', '2:cpuacct:/\n');
    put('proc/13/task/13/schedstat', `${at * 1e9} ${at * 1e9} 1\n`);
    rmSync(join(dir, 'proc/12/task'), { recursive: true, force: true });
    for (const [tid, [ran, waited]] of Object.entries(given.threads))
      put(`proc/12/task/${tid}/schedstat`, `${ran * 1e9} ${waited * 1e9} 5\n`);
  };

  it('tells how many threads of the containers ran and waited, and what others took', () => {
    machine(0, { busy: 0, node: 0, threads: { 12: [0, 0], 14: [1, 1] } });
    const take = watch();
    // Of 20 s of CPU time 18 were used: 5 by the node, 1 by the harness, so 12 by others.
    machine(10, { busy: 18, node: 5, own: 1, threads: { 12: [2, 10], 14: [3, 6] } });
    expect(take()).toEqual({ nodesRunning: 0.4, nodesWaiting: 1.5, othersShare: 0.6 });
    // Only what came since; a thread that ended is gone, a new one counts from its beginning, and so does another one of the same number.
    machine(20, { busy: 20, node: 7, own: 1, threads: { 12: [1, 2], 15: [1, 0] } });
    expect(take()).toEqual({ nodesRunning: 0.2, nodesWaiting: 0.2, othersShare: 0 });
  });

  it('lets a node that was switched off and on count from zero', () => {
    machine(0, { busy: 0, node: 100, threads: { 12: [0, 0] } });
    const take = watch();
    machine(10, { busy: 6, node: 4, threads: { 12: [0, 0] } });
    expect(take()).toMatchObject({ othersShare: 0.1 });
  });

  it('reads the groups of the second version', () => {
    machine(0, { busy: 0, node: 0, threads: { 12: [0, 0] } });
    put('proc/12/cgroup', `0::/system.slice/docker-${id}.scope/x\n`);
    put(`groups/system.slice/docker-${id}.scope/cpu.stat`, 'usage_usec 0\nuser_usec 0\n');
    const take = watch();
    machine(10, { busy: 8, node: 0, threads: { 12: [1, 1] } });
    put('proc/12/cgroup', `0::/system.slice/docker-${id}.scope/x\n`);
    put(`groups/system.slice/docker-${id}.scope/cpu.stat`, 'usage_usec 2000000\nuser_usec 0\n');
    expect(take()).toEqual({ nodesRunning: 0.1, nodesWaiting: 0.1, othersShare: 0.3 });
  });

  it('says nothing where nothing is known: no such container, no such kernel', () => {
    expect(watch()()).toBeUndefined();
    machine(0, { busy: 0, node: 0, threads: { 12: [0, 0] } });
    const take = watch(['b'.repeat(64)]);
    machine(10, { busy: 8, node: 1, threads: { 12: [1, 1] } });
    expect(take()).toBeUndefined();
    const unread = watch();
    put('groups/cpuacct/docker/' + id + '/cpuacct.usage', '');
    rmSync(join(dir, 'groups'), { recursive: true });
    at = 20_000;
    expect(unread()).toBeUndefined();
  });
});
