import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { k3s } from '../distributions/k3s.ts';
import { kineDatabase, lockHolders } from '../model/commands.ts';
import { datastoreLocked } from './datastore-locked.ts';

const [prepare] = datastoreLocked(k3s).prepare;
const program = /<<'SCRIPT'\n([\s\S]*)\nSCRIPT/.exec(prepare && 'command' in prepare ? prepare.command : '')?.[1] ?? '';

describe('the backup', () => {
  let folder: string;
  let database: string;
  let running: ChildProcess | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'locked-'));
    database = join(folder, 'state.db');
    writeFileSync(join(folder, 'backup'), program);
    writeFileSync(database, 'what is to be kept');
    writeFileSync(`${database}-shm`, Buffer.alloc(32_768));
    spawnSync('mkfifo', [join(folder, 'copy')]);
  });
  afterEach(() => {
    running?.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  /** What the command finds on a node whose datastore is the process of this number. */
  const holders = (own = '') => {
    const command = lockHolders(k3s).replaceAll(kineDatabase(k3s), database);
    const { status, stdout } = spawnSync('sh', ['-ec', `pidof() { echo ${own}; }\n${command}`], { encoding: 'utf8' });
    expect(status).toBe(0);
    return stdout.trim();
  };
  const start = async (): Promise<ChildProcess> => {
    running = spawn('perl', [join(folder, 'backup'), database, join(folder, 'copy')], { stdio: 'ignore' });
    for (let looks = 0; looks < 100 && holders() === ''; looks++) await sleep(50);
    return running;
  };

  it("holds the lock of SQLite's writer while nobody takes the copy, and is found by it", async () => {
    expect(holders()).toBe('');
    const { pid } = await start();
    expect(holders()).toBe(`${pid} perl ${folder}/backup ${database} ${folder}/copy`);
    // The datastore's own writes are nobody else's.
    expect(holders(`1 ${pid}`)).toBe('');
    const locks = readFileSync('/proc/locks', 'utf8')
      .split('\n')
      .flatMap((line) =>
        line.includes(` ${pid} `) ? [line.trim().split(/ +/).slice(3).toSpliced(1, 2).join(' ')] : [],
      );
    expect(locks.sort()).toEqual(['READ 1073741826 1073742335', 'READ 128 128', 'WRITE 120 120']);
  });

  it('lets go when it is ended, and when the copy is made', async () => {
    const ended = await start();
    ended.kill();
    await once(ended, 'exit');
    expect(holders()).toBe('');
    const whole = await start();
    const exit = once(whole, 'exit');
    expect(readFileSync(join(folder, 'copy'), 'utf8')).toBe('what is to be kept');
    expect(await exit).toEqual([0, null]);
    expect(holders()).toBe('');
  });
});
