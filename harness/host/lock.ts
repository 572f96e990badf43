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
    const found = await read(file);
    if (found === undefined) continue;
    const holder = livingHolder(found);
    if (holder === undefined) {
      await clear(file, found.text);
      continue;
    }
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
  const found = await read(file);
  const holder = livingHolder(found);
  if (holder !== undefined) return holder.pid === process.pid;
  if (found !== undefined) await clear(file, found.text);
  return await take(file);
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

/**
 * Takes a dead holder's lock away. Of several that have seen him dead one alone may touch it: whoever holds the lock on his succession. Each lock
 * says another thing than all before it, so that whoever comes later sees that this one is gone.
 */
async function clear(file: string, dead: string): Promise<void> {
  const succession = `${file}.${createHash('sha256').update(dead).digest('hex').slice(0, 16)}`;
  if (!(await take(succession))) {
    const found = await read(succession);
    if (found !== undefined && livingHolder(found) === undefined) await clear(succession, found.text);
    return;
  }
  try {
    if ((await read(file))?.text === dead) await rm(file, { force: true });
  } finally {
    await rm(succession, { force: true });
  }
}

/** What a lock says, and who that is. */
interface Found {
  readonly text: string;
  readonly holder?: ProcessIdentity;
}

const livingHolder = (found: Found | undefined): ProcessIdentity | undefined =>
  found?.holder !== undefined && isAlive(found.holder) ? found.holder : undefined;

/** Undefined when there is no lock. */
async function read(file: string): Promise<Found | undefined> {
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
