import { describe, expect, it } from 'vitest';

import { describeChecks, judge, type Facts } from './doctor.ts';
import { engine, good } from '../../test/support/machines.ts';

const status = (facts: Partial<Facts>, id: string): string | undefined =>
  judge({ ...good, ...facts }).find((c) => c.id === id)?.status;

describe('judge', () => {
  it('is content with a good machine', () => {
    expect(judge(good).filter((c) => c.status !== 'ok')).toEqual([]);
  });

  it.each([
    ['docker', { docker: undefined, dockerInstalled: false, aptHost: false }, 'fail'],
    ['docker', { docker: undefined, dockerInstalled: false }, 'warn'],
    ['docker', { docker: undefined, endpoint: 'tcp://127.0.0.1:1' }, 'fail'],
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
    ['inotify', { inotify: { limit: 128, used: 20 } }, 'warn'],
    ['inotify', { inotify: { limit: 128, used: 90 } }, 'fail'],
    ['inotify', { inotify: undefined }, undefined],
    ['open-files', { openFiles: 1024 }, 'warn'],
    ['machine', { platform: 'darwin' }, 'fail'],
    ['machine', { docker: { ...engine, architecture: 'aarch64' } }, 'fail'],
    ['docker', { docker: undefined, podman: true }, 'fail'],
    ['docker', { docker: { ...engine, rootless: true } }, 'fail'],
    ['netfilter', { bridgeNetfilter: false }, 'fail'],
    ['netfilter', { bridgeNetfilter: undefined }, 'warn'],
    ['fence', { dockerUserChain: 'absent' as const }, 'fail'],
    ['fence', { dockerUserChain: 'forbidden' as const }, 'warn'],
    ['fence', { dockerUserChain: undefined }, 'warn'],
    ['disk', { dockerFreeBytes: undefined, cacheFreeBytes: undefined }, 'warn'],
    ['disk', { cacheFreeBytes: 2e9 }, 'ok'],
    ['disk', { cacheFreeBytes: 0.1e9 }, 'fail'],
    ['tools', { missingTools: ['awk'] }, 'fail'],
    ['go', { go: undefined }, 'warn'],
    ['kind', { kind: 'kind v0.32.0 go1.26' }, 'warn'],
    ['memory', { availableBytes: 1e9 }, 'fail'],
    ['memory', { availableBytes: 2.5e9 }, 'warn'],
    ['memory', { availableBytes: 1e9, needs: [] }, 'ok'],
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

  it('tells how to fix whatever fails', () => {
    const broken = judge({
      ...good,
      docker: undefined,
      isRoot: false,
      nodeVersion: 'v18.0.0',
      platform: 'win32',
      dockerFreeBytes: 0,
    });
    for (const check of broken.filter((c) => c.status === 'fail')) expect(check.fix, check.id).toBeTruthy();
  });
});

it('prints a line for each check, and one below for what fixes it', () => {
  const lines = describeChecks([
    { id: 'a', title: 'Disk', status: 'ok', detail: '50 GB free' },
    { id: 'b', title: 'Docker', status: 'fail', detail: 'missing', fix: 'install it' },
  ]);
  expect(lines).toEqual(['ok    Disk    50 GB free', 'FAIL  Docker  missing', '              fix: install it']);
});
