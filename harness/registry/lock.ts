import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { identify, isAlive, type ProcessIdentity } from './process.ts';

/**
 * Runs something while no other process holds this lock file. A lock whose holder is dead (killed, rebooted) is taken over.
 * @param onWait called once, with the holder's pid, when somebody else has it
 */
export async function withLock<T>(
  file: string,
  work: () => Promise<T>,
  options: {
    readonly signal?: AbortSignal | undefined;
    readonly onWait?: (pid: number) => void;
    readonly pollMs?: number;
  } = {},
): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  let told = false;
  while (!(await take(file))) {
    const holder = await read(file);
    if (holder === undefined || !isAlive(holder)) {
      await rm(file, { force: true });
      continue;
    }
    if (!told) options.onWait?.(holder.pid);
    told = true;
    await sleep(options.pollMs ?? 1_000, undefined, options.signal === undefined ? {} : { signal: options.signal });
  }
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

/**
 * Takes a lock for as long as this process lives, without waiting: false when another living process holds it.
 */
export async function claim(file: string): Promise<boolean> {
  await mkdir(dirname(file), { recursive: true });
  if (await take(file)) return true;
  const holder = await read(file);
  if (holder !== undefined && isAlive(holder)) return holder.pid === process.pid;
  await rm(file, { force: true });
  return await take(file);
}

async function take(file: string): Promise<boolean> {
  try {
    const handle = await open(file, 'wx');
    await handle.writeFile(JSON.stringify(identify(process.pid) ?? { pid: process.pid, started: '' }));
    await handle.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function read(file: string): Promise<ProcessIdentity | undefined> {
  try {
    const value = JSON.parse(await readFile(file, 'utf8')) as Partial<ProcessIdentity>;
    return typeof value.pid === 'number' && typeof value.started === 'string'
      ? { pid: value.pid, started: value.started }
      : undefined;
  } catch {
    return undefined;
  }
}
