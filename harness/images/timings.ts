import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';

import { humanDuration } from '../model/units.ts';
import type { StepTiming } from './dag.ts';

/** How long each step took, longest first, as lines. */
export function timingTable(timings: readonly StepTiming[]): readonly string[] {
  const done = timings.filter((t) => t.state === 'done').sort((a, b) => b.ms - a.ms);
  const skipped = timings.length - done.length;
  return [
    ...done.map((t) => `${humanDuration(t.ms).padStart(12)}  ${t.title}`),
    ...(skipped === 0 ? [] : [`${skipped} steps were there already`]),
  ];
}

/** How long each step took on this machine, in milliseconds, by its id; empty when none ran yet. */
export async function readDurations(cacheDir: string): Promise<Readonly<Record<string, number>>> {
  try {
    const value: unknown = JSON.parse(await readFile(join(cacheDir, 'durations.json'), 'utf8'));
    if (typeof value !== 'object' || value === null) return {};
    return Object.fromEntries(Object.entries(value).filter((e): e is [string, number] => typeof e[1] === 'number'));
  } catch {
    return {};
  }
}

/** Keeps them for the next estimate. */
export async function writeDurations(cacheDir: string, durations: Readonly<Record<string, number>>): Promise<void> {
  await mkdir(cacheDir, { recursive: true });
  await writeFileAtomic(join(cacheDir, 'durations.json'), JSON.stringify(durations, null, 2));
}
