import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { claim, withLock } from './lock.ts';
import { identify } from './identity.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lock-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

it('lets one in at a time', async () => {
  const file = join(dir, 'lock');
  const log: string[] = [];
  const waiting: number[] = [];
  // The second one starts inside the first: which of two that start together gets the lock is anybody's guess.
  let second: Promise<void> | undefined;
  await withLock(file, async () => {
    log.push('first in');
    await new Promise<void>((resolve) => {
      second = withLock(
        file,
        () => {
          log.push('second in');
          return Promise.resolve();
        },
        {
          pollMs: 1,
          onWait: (pid) => {
            waiting.push(pid);
            resolve();
          },
        },
      );
    });
    log.push('first out');
  });
  await second;
  expect(log).toEqual(['first in', 'first out', 'second in']);
  expect(waiting).toEqual([process.pid]);
});

it('takes over from a dead process', async () => {
  const file = join(dir, 'lock');
  writeFileSync(file, JSON.stringify({ pid: process.pid, started: 'another boot/1' }));
  expect(await withLock(file, () => Promise.resolve('in'))).toBe('in');
});

it('is free again after a failure', async () => {
  const file = join(dir, 'lock');
  await expect(withLock(file, () => Promise.reject(new Error('broke')))).rejects.toThrow('broke');
  expect(await withLock(file, () => Promise.resolve('in'))).toBe('in');
});

it('is claimed by one living process for as long as it lives, and again by itself', async () => {
  const file = join(dir, 'sub', 'slot');
  expect(await claim(file)).toBe(true);
  expect(await claim(file)).toBe(true);
  writeFileSync(file, JSON.stringify({ ...identify(process.ppid) }));
  expect(await claim(file)).toBe(false);
  writeFileSync(file, JSON.stringify({ pid: process.ppid, started: 'another life' }));
  expect(await claim(file)).toBe(true);
});

it('takes over from one who died while he took over', async () => {
  const file = join(dir, 'lock');
  const dead = JSON.stringify({ pid: process.pid, started: 'another boot/1' });
  writeFileSync(file, dead);
  const succession = `${file}.${createHash('sha256').update(dead).digest('hex').slice(0, 16)}`;
  writeFileSync(succession, JSON.stringify({ pid: process.pid, started: 'another boot/2' }));
  expect(await withLock(file, () => Promise.resolve('in'))).toBe('in');
  expect(readdirSync(dir)).toEqual([]);
});

it('leaves a lock to whoever is taking it over', async () => {
  const file = join(dir, 'lock');
  const dead = JSON.stringify({ pid: process.pid, started: 'another boot/1' });
  writeFileSync(file, dead);
  const succession = `${file}.${createHash('sha256').update(dead).digest('hex').slice(0, 16)}`;
  writeFileSync(succession, JSON.stringify(identify(process.pid)));
  expect(await claim(file)).toBe(false);
  expect(readFileSync(file, 'utf8')).toBe(dead);
});

it('is never held twice, however many want it at the same time, also after a dead one', async () => {
  for (let round = 0; round < 40; round++) {
    const file = join(dir, `lock-${String(round)}`);
    if (round % 2 === 1) writeFileSync(file, JSON.stringify({ pid: process.pid, started: 'another boot/1' }));
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 1));
      inside--;
    };
    await Promise.all(Array.from({ length: 8 }, () => withLock(file, work, { pollMs: 1 })));
    expect(most).toBe(1);
  }
  expect(readdirSync(dir)).toEqual([]);
});
