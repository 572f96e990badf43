import { describe, expect, it } from 'vitest';

import type { ProgressEvent } from '../model/progress.ts';
import { boundingSet, holds, needsBoundedRuntime, sysResourceBit } from './capabilities.ts';
import { boundedRuntime, mergeDaemonConfig } from './daemon-config.ts';
import { ensureDocker, parseDockerInfo, type DockerHost } from './docker.ts';
import type { Runner, RunResult } from './run.ts';

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
  const info = JSON.stringify({
    ServerVersion: '20.10',
    Driver: 'overlay2',
    CgroupVersion: '1',
    DockerRootDir: '/d',
    DefaultRuntime: 'runc',
  });
  const good: RunResult = { ok: true, exitCode: 0, stdout: '', stderr: '', missing: false, timedOut: false };
  const bad: RunResult = { ...good, ok: false, exitCode: 1, stderr: 'Cannot connect' };
  const gone: RunResult = { ...bad, missing: true };

  function world(
    over: {
      engine?: boolean;
      installed?: boolean;
      apt?: boolean;
      free?: number;
      version?: string;
      host?: Partial<DockerHost>;
    } = {},
  ) {
    const log: string[] = [];
    const state = { engine: over.engine ?? false, installed: over.installed ?? true };
    const runner: Runner = {
      run: (file, args) => {
        const command = [file, ...args].join(' ');
        if (command.startsWith('docker info')) return Promise.resolve(state.engine ? { ...good, stdout: info } : bad);
        if (command === 'docker --version' && over.version !== undefined) {
          return Promise.resolve({ ...good, stdout: over.version });
        }
        if (file === 'dockerd' || file === 'docker') return Promise.resolve(state.installed ? good : gone);
        if (command === 'apt-get --version') return Promise.resolve(over.apt === true ? good : gone);
        log.push(command);
        if (command.includes('install')) state.installed = true;
        return Promise.resolve(good);
      },
      pipe: () => Promise.reject(new Error('not here')),
    };
    const host: DockerHost = {
      platform: 'linux',
      arch: 'x64',
      bridgeNetfilter: () => Promise.resolve(true),
      isRoot: true,
      status: () => Promise.resolve(status('000001ffffffffff')),
      systemd: () => Promise.resolve(false),
      spawnDockerd: () => {
        log.push('dockerd');
        state.engine = true;
        return new Promise(() => undefined);
      },
      installBoundedRuntime: () => {
        log.push('bounded runtime');
        return Promise.resolve(undefined);
      },
      freeBytes: () => Promise.resolve(over.free ?? 1e12),
      ...over.host,
    };
    const notes: ProgressEvent[] = [];
    return { log, notes, go: () => ensureDocker({ runner, host, stateDir: '/s' }, (e) => notes.push(e)) };
  }

  it('uses a running engine as it is', async () => {
    const { go, log, notes } = world({ engine: true });
    expect(await go()).toMatchObject({ how: 'running', serverVersion: '20.10' });
    expect([log, notes]).toEqual([[], []]);
  });

  it('starts a stopped one and says so', async () => {
    const { go, log, notes } = world();
    expect(await go()).toMatchObject({ how: 'started' });
    expect(log).toEqual(['dockerd']);
    expect(notes).toHaveLength(1);
  });

  it('gives it the bounded runtime first where a capability is withheld', async () => {
    const { go, log } = world({ host: { status: () => Promise.resolve(status('000001fffeffffff')) } });
    await go();
    expect(log).toEqual(['bounded runtime', 'dockerd']);
  });

  it('installs nothing over podman, nor where nothing can be run', async () => {
    const podman = world({ installed: false, apt: true, version: 'podman version 4.3.1' });
    await expect(podman.go()).rejects.toThrow(/podman/);
    const mac = world({ engine: true, host: { platform: 'darwin', arch: 'arm64' } });
    await expect(mac.go()).rejects.toThrow(/not supported/);
    const bare = world({ engine: true, host: { bridgeNetfilter: () => Promise.resolve(false) } });
    await expect(bare.go()).rejects.toThrow(/br_netfilter/);
    expect([...podman.log, ...mac.log, ...bare.log]).toEqual([]);
  });

  it('installs it for root on Debian, announced before', async () => {
    const { go, log, notes } = world({ installed: false, apt: true });
    expect(await go()).toMatchObject({ how: 'installed' });
    expect(log.find((l) => l.includes(' install '))).toContain('docker.io');
    expect(notes[0]).toMatchObject({ type: 'note' });
  });

  it.each([
    ['nothing installed and no apt', { installed: false }],
    ['stopped, and not root', { host: { isRoot: false } }],
    ['a full disk', { engine: true, free: 1e9 }],
  ])('says what to do: %s', async (_, over) => {
    await expect(world(over).go()).rejects.toMatchObject({
      code: 'environment',
      hint: expect.stringMatching(/./) as string,
    });
  });

  it('does not take a client without an engine for Docker', () => {
    expect(parseDockerInfo('{"ServerVersion":"","ServerErrors":["x"]}')).toBeUndefined();
    expect(parseDockerInfo('oops')).toBeUndefined();
  });
});
