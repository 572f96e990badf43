import { afterEach, describe, expect, it, vi } from 'vitest';

import { boundingSet, holds, needsBoundedRuntime, sysResourceBit } from './capabilities.ts';
import { boundedRuntime, mergeDaemonConfig } from './daemon-config.ts';
import { findDocker, parseDockerInfo } from '../host/docker.ts';
import { dockerEndpoint, dockerUserChain, localEndpoint } from './docker.ts';
import type { RunResult, Runner } from '../host/run.ts';
import { engine, good, infoOf, machineOf } from '../../test/support/machines.ts';

const status = (set: string): string =>
  `Name:\tnode\nCapEff:\t0000000000000000\nCapBnd:\t${set}\nCapAmb:\t0000000000000000\n`;

describe('the capability bounding set', () => {
  it('is read from /proc', () => {
    expect(boundingSet(status('000001fffeffffff'))).toBe(0x1fffeffffffn);
    expect(boundingSet('nothing')).toBeUndefined();
  });

  it('tells one capability from the next', () => {
    const set = 0x1fffeffffffn;
    expect(holds(set, sysResourceBit)).toBe(false);
    expect(holds(set, sysResourceBit - 1)).toBe(true);
    expect(holds(set, 40)).toBe(true);
  });

  it('asks for the wrapper only where it is known to be missing', () => {
    expect(needsBoundedRuntime(status('000001fffeffffff'))).toBe(true);
    expect(needsBoundedRuntime(status('000001ffffffffff'))).toBe(false);
    expect(needsBoundedRuntime(undefined)).toBe(false);
  });
});

describe('mergeDaemonConfig', () => {
  const path = '/w';

  it('makes a file where there is none', () => {
    const merged = mergeDaemonConfig(undefined, path);
    expect(JSON.parse(merged.text)).toEqual({
      runtimes: { [boundedRuntime]: { path } },
      'default-runtime': boundedRuntime,
    });
    expect(merged.changed).toBe(true);
  });

  it('keeps every other key and runtime', () => {
    const old = JSON.stringify({
      'data-root': '/big',
      runtimes: { crun: { path: '/crun' } },
      'default-runtime': 'runc',
    });
    expect(JSON.parse(mergeDaemonConfig(old, path).text)).toEqual({
      'data-root': '/big',
      runtimes: { crun: { path: '/crun' }, [boundedRuntime]: { path } },
      'default-runtime': boundedRuntime,
    });
  });

  it("leaves a default runtime of the user's own and says so", () => {
    const merged = mergeDaemonConfig('{"default-runtime":"crun"}', path);
    expect(JSON.parse(merged.text)).toMatchObject({ 'default-runtime': 'crun' });
    expect(merged.keptDefault).toBe('crun');
  });

  it('changes nothing the second time', () => {
    const once = mergeDaemonConfig('{"debug":true}', path);
    expect(mergeDaemonConfig(once.text, path)).toEqual({ text: once.text, changed: false });
  });

  it.each(['{', '[]', '"x"'])('refuses a file that it cannot read: %s', (text) => {
    expect(() => mergeDaemonConfig(text, path)).toThrow(expect.objectContaining({ code: 'environment' }));
  });
});

describe('ensureDocker', () => {
  const stopped = { ...good, docker: undefined };
  const missing = { ...stopped, dockerInstalled: false };

  it('uses a running engine as it is', async () => {
    const { ready, log, notes } = machineOf(good);
    expect(await ready()).toMatchObject({ how: 'running', ...engine });
    expect([log, notes]).toEqual([[], []]);
  });

  it('starts a stopped one and says so', async () => {
    const { ready, log, notes } = machineOf(stopped);
    expect(await ready()).toMatchObject({ how: 'started' });
    expect(log).toEqual(['dockerd']);
    expect(notes).toHaveLength(1);
  });

  it('gives it the bounded runtime first where a capability is withheld', async () => {
    const { ready, log } = machineOf({ ...stopped, status: status('000001fffeffffff') });
    await ready();
    expect(log).toEqual(['bounded runtime', 'dockerd']);
  });

  it('installs it for root on Debian, announced before', async () => {
    const { ready, log, notes } = machineOf(missing);
    expect(await ready()).toMatchObject({ how: 'installed' });
    expect(log.find((l) => l.includes(' install '))).toContain('docker.io');
    expect(notes[0]).toMatchObject({ type: 'note' });
  });

  it.each([
    ['nothing installed and no apt', { ...missing, aptHost: false }],
    ['stopped, and not root', { ...stopped, isRoot: false }],
    ['a full disk', { ...good, dockerFreeBytes: 1e9 }],
    ['too little memory', { ...good, availableBytes: 1e9 }],
    ['too few inotify instances', { ...good, inotify: { limit: 128, used: 60 } }],
  ])('says what to do: %s', async (_, facts) => {
    const { ready, log } = machineOf(facts);
    await expect(ready()).rejects.toMatchObject({ code: 'environment', hint: expect.stringMatching(/./) as string });
    expect(log).toEqual([]);
  });

  it('names the outage, what it needs and what there is', async () => {
    const { ready } = machineOf({ ...good, dockerFreeBytes: 1e9 });
    await expect(ready()).rejects.toThrow('cni-wipe needs 6.0 GB of disk, but only 1.0 GB are free in /var/lib/docker');
  });

  it('installs nothing over podman', async () => {
    const { ready, log } = machineOf({ ...missing, podman: true });
    await expect(ready()).rejects.toThrow(/podman/);
    expect(log).toEqual([]);
  });

  it('starts and installs nothing here where the client is pointed at another engine, which does not answer', async () => {
    const { ready, log } = machineOf({ ...missing, endpoint: 'ssh://nas' });
    await expect(ready()).rejects.toThrow('no Docker answers at ssh://nas');
    expect(log).toEqual([]);
  });

  it('needs no DOCKER-USER chain for clusters without a fence', async () => {
    const { ready } = machineOf({ ...good, dockerUserChain: 'absent' });
    await expect(ready()).rejects.toThrow(/DOCKER-USER/);
    expect(await ready(true)).toMatchObject({ how: 'running' });
  });

  it('reads what docker info says', () => {
    expect(parseDockerInfo(infoOf(engine))).toEqual(engine);
    expect(parseDockerInfo(infoOf({ ...engine, rootless: true, firewall: '' }))).toMatchObject({
      rootless: true,
      firewall: '',
    });
  });

  it('finds out with one question that an engine is there but not for this user', async () => {
    const denied = { ok: false, exitCode: 1, stdout: '', stderr: 'permission denied', missing: false, timedOut: false };
    const asked: string[] = [];
    const runner: Runner = {
      run: (file, [what = '']) => {
        asked.push(`${file} ${what}`);
        return Promise.resolve(denied);
      },
      pipe: () => Promise.reject(new Error('not here')),
    };
    expect(await findDocker(runner)).toEqual({ facts: undefined, forbidden: true });
    expect(asked).toEqual(['docker info']);
  });

  it('does not take a client without an engine for Docker', () => {
    expect(parseDockerInfo('{"ServerVersion":"","ServerErrors":["x"]}')).toBeUndefined();
    expect(parseDockerInfo('oops')).toBeUndefined();
  });
});

describe('the DOCKER-USER chain', () => {
  const noChain = { ok: false, exitCode: 1, stdout: '', stderr: 'No chain', missing: false, timedOut: false };
  const looked = (nft: Partial<RunResult>, legacy: Partial<RunResult>) =>
    dockerUserChain({
      run: (program) => Promise.resolve({ ...noChain, ...(program === 'iptables-nft' ? nft : legacy) }),
      pipe: () => Promise.reject(new Error('not here')),
    });

  it('is absent only where neither kind of iptables has it: Docker may use either', async () => {
    expect(await looked({}, {})).toBe('absent');
    expect(await looked({}, { ok: true })).toBe('there');
    expect(await looked({ ok: true }, { missing: true })).toBe('there');
    expect(await looked({}, { missing: true })).toBeUndefined();
    expect(await looked({}, { timedOut: true })).toBeUndefined();
    expect(await looked({ stderr: 'Permission denied (you must be root)' }, {})).toBe('forbidden');
  });
});

describe('where the client finds its engine', () => {
  const said = (over: Partial<RunResult>) =>
    dockerEndpoint({
      run: () =>
        Promise.resolve({ ok: true, exitCode: 0, stdout: '', stderr: '', missing: false, timedOut: false, ...over }),
      pipe: () => Promise.reject(new Error('not here')),
    });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('is the active context, DOCKER_HOST where there is no client, else the local socket', async () => {
    vi.stubEnv('DOCKER_HOST', '');
    vi.stubEnv('DOCKER_CONTEXT', '');
    expect(await said({ stdout: 'ssh://nas\n' })).toBe('ssh://nas');
    expect(await said({ ok: false, missing: true })).toBe(localEndpoint);
    vi.stubEnv('DOCKER_CONTEXT', 'nas');
    expect(await said({ ok: false })).toBe('the context nas');
    vi.stubEnv('DOCKER_HOST', 'tcp://nas:2376');
    expect(await said({ ok: false, missing: true })).toBe('tcp://nas:2376');
  });
});
