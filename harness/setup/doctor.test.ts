import { describe, expect, it } from 'vitest';

import { describeChecks, judge, type Facts } from './doctor.ts';

const engine = {
  serverVersion: '20.10',
  storageDriver: 'overlay2',
  cgroupVersion: '1',
  defaultRuntime: 'runc',
  rootDir: '/d',
  rootless: false,
  architecture: 'x86_64',
};
const good: Facts = {
  platform: 'linux',
  arch: 'x64',
  nodeVersion: 'v20.20.2',
  isRoot: true,
  docker: engine,
  dockerInstalled: true,
  podman: false,
  dockerHost: undefined,
  aptHost: true,
  status: 'CapBnd:\t000001ffffffffff\n',
  dockerFreeBytes: 50e9,
  cacheFreeBytes: 50e9,
  memoryBytes: 24e9,
  cpuCount: 2,
  inotifyInstances: 1024,
  inotifyWatches: 100_000,
  openFiles: 20_000,
  bridgeNetfilter: true,
  go: 'go1.26.8',
  kind: 'kind v0.31.0 go1.26.8 linux/amd64',
  images: { ready: true, pullCount: 0, pullBytes: 0, buildSteps: 0, buildMs: 0 },
  dockerUserChain: 'readable',
};
const status = (facts: Partial<Facts>, id: string): string | undefined =>
  judge({ ...good, ...facts }).find((c) => c.id === id)?.status;

describe('judge', () => {
  it('is content with a good machine', () => {
    expect(judge(good).filter((c) => c.status !== 'ok')).toEqual([]);
  });

  it.each([
    ['docker', { docker: undefined, dockerInstalled: false, aptHost: false }, 'fail'],
    ['docker', { docker: undefined, dockerInstalled: false }, 'warn'],
    ['docker', { docker: undefined, dockerHost: 'tcp://127.0.0.1:1' }, 'fail'],
    ['docker', { docker: undefined, isRoot: false }, 'fail'],
    ['runtime', { status: 'CapBnd:\t000001fffeffffff\n' }, 'fail'],
    ['disk', { dockerFreeBytes: 2e9 }, 'fail'],
    [
      'disk',
      { dockerFreeBytes: 8e9, images: { ready: false, pullCount: 0, pullBytes: 0, buildSteps: 20, buildMs: 1 } },
      'warn',
    ],
    ['node-js', { nodeVersion: 'v20.10.0' }, 'fail'],
    ['machine', { platform: 'win32' }, 'fail'],
    ['inotify', { inotifyInstances: 128 }, 'warn'],
    ['open-files', { openFiles: 1024 }, 'warn'],
    ['machine', { platform: 'darwin' }, 'fail'],
    ['machine', { docker: { ...engine, architecture: 'aarch64' } }, 'fail'],
    ['docker', { docker: undefined, podman: true }, 'fail'],
    ['docker', { docker: { ...engine, rootless: true } }, 'fail'],
    ['netfilter', { bridgeNetfilter: false }, 'fail'],
    ['netfilter', { bridgeNetfilter: undefined }, 'warn'],
    ['fence', { dockerUserChain: 'absent' as const }, 'warn'],
    ['go', { go: undefined }, 'warn'],
    ['kind', { kind: 'kind v0.32.0 go1.26' }, 'warn'],
    ['memory', { memoryBytes: 1e9 }, 'warn'],
  ])('%s: %o is a %s', (id, facts, expected) => {
    expect(status(facts, id)).toBe(expected);
  });

  it('accepts the bounded runtime where the capability is withheld', () => {
    const docker = { ...engine, defaultRuntime: 'firedrill-bounded' };
    expect(status({ status: 'CapBnd:\t000001fffeffffff\n', docker }, 'runtime')).toBe('ok');
  });

  it('says what the first run is going to do about images', () => {
    const images = { ready: false, pullCount: 5, pullBytes: 720e6, buildSteps: 24, buildMs: 1_000_000 };
    const detail = judge({ ...good, images }).find((c) => c.id === 'images')?.detail;
    expect(detail).toContain('720 MB');
    expect(detail).toContain('24 steps');
  });

  it('tells how to mend whatever fails', () => {
    const broken = judge({
      ...good,
      docker: undefined,
      isRoot: false,
      nodeVersion: 'v18.0.0',
      platform: 'win32',
      dockerFreeBytes: 0,
    });
    for (const check of broken.filter((c) => c.status === 'fail')) expect(check.mend, check.id).toBeTruthy();
  });
});

it('prints a line for each check, and one below for what mends it', () => {
  const lines = describeChecks([
    { id: 'a', title: 'Disk', status: 'ok', detail: '50 GB free' },
    { id: 'b', title: 'Docker', status: 'fail', detail: 'missing', mend: 'install it' },
  ]);
  expect(lines).toEqual(['ok    Disk    50 GB free', 'FAIL  Docker  missing', '              mend: install it']);
});
