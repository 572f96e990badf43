import { createHash, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { sleep } from './time.ts';
import { identify, isAlive, type ProcessIdentity } from './identity.ts';

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
    const holder = await livingHolder(file);
    if (holder === undefined) continue;
    if (!told) options.onWait?.(holder.pid);
    told = true;
    await sleep(options.pollMs ?? 1_000, options.signal);
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
  const holder = await livingHolder(file);
  return holder === undefined ? await take(file) : holder.pid === process.pid;
}

/** Makes the lock with its holder's name in it, in one go: one that is empty for a moment is taken for a dead holder's. */
async function take(file: string): Promise<boolean> {
  const id = randomUUID();
  const mine = `${file}.${id}`;
  await writeFile(mine, JSON.stringify({ ...(identify(process.pid) ?? { pid: process.pid, started: '' }), id }));
  try {
    await link(mine, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(mine, { force: true });
  }
}

/** Who holds a lock; undefined when nobody does, or somebody who is dead, whose lock is then taken away. */
async function livingHolder(file: string): Promise<ProcessIdentity | undefined> {
  const found = await read(file);
  if (found === undefined) return undefined;
  if (found.holder !== undefined && isAlive(found.holder)) return found.holder;
  await clear(file, found.text);
  return undefined;
}

/**
 * Takes a dead holder's lock away. Of several that have seen him dead one alone may touch it: whoever holds the lock on his succession. Each lock
 * says another thing than all before it, so that whoever comes later sees that this one is gone.
 */
async function clear(file: string, dead: string): Promise<void> {
  const succession = `${file}.${createHash('sha256').update(dead).digest('hex').slice(0, 16)}`;
  if (!(await take(succession))) {
    // Whoever had it may have died, too.
    await livingHolder(succession);
    return;
  }
  try {
    if ((await read(file))?.text === dead) await rm(file, { force: true });
  } finally {
    await rm(succession, { force: true });
  }
}

/** What a lock says, and who that is; undefined when there is no lock. */
async function read(file: string): Promise<{ readonly text: string; readonly holder?: ProcessIdentity } | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    return undefined;
  }
  try {
    const value = JSON.parse(text) as Partial<ProcessIdentity>;
    return typeof value.pid === 'number' && typeof value.started === 'string'
      ? { text, holder: { pid: value.pid, started: value.started } }
      : { text };
  } catch {
    return { text };
  }
}
