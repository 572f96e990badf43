import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
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
    const { text, holder } = found;
    if (holder === undefined || !isAlive(holder)) {
      await clear(file, text);
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
  if (found?.holder !== undefined && isAlive(found.holder)) return found.holder.pid === process.pid;
  if (found !== undefined) await clear(file, found.text);
  return await take(file);
}

/** Makes the lock with its holder's name in it, in one go: one that is empty for a moment is taken for a dead holder's. */
async function take(file: string): Promise<boolean> {
  const mine = beside(file);
  await writeFile(mine, JSON.stringify(identify(process.pid) ?? { pid: process.pid, started: '' }));
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
 * Takes a dead holder's lock away. Of several that have seen him dead only one moves his lock aside; another one, later, may move that of the first,
 * sees it, and puts it back.
 */
async function clear(file: string, dead: string): Promise<void> {
  const aside = beside(file);
  try {
    await rename(file, aside);
    if ((await readFile(aside, 'utf8')) !== dead) await link(aside, file);
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

/** A name in the same folder that nobody else uses. */
const beside = (file: string): string => `${file}.${randomUUID()}`;

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
