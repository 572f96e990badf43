import { statfs } from 'node:fs/promises';
import { FiredrillError } from '../model/errors.ts';
import { gigabytes } from '../model/units.ts';

/** Free bytes in the file system that holds a folder; undefined when it cannot be told. */
export const freeBytes = (dir: string): Promise<number | undefined> =>
  statfs(dir).then(
    (s) => s.bavail * s.bsize,
    () => undefined,
  );

/**
 * Checks that a folder's file system has room. Passes where that cannot be told.
 * @param who who needs it, in a sentence: `cni-wipe needs`
 * @throws FiredrillError `environment`, saying how much there is and how much is needed.
 */
export async function requireDisk(
  dir: string,
  needBytes: number,
  who: string,
  freeIn: typeof freeBytes = freeBytes,
): Promise<void> {
  const free = await freeIn(dir);
  if (free === undefined || free >= needBytes) return;
  throw new FiredrillError(
    'environment',
    `${who} ${gigabytes(needBytes)} of disk, but only ${gigabytes(free)} are free in ${dir}`,
    {
      hint: 'free some space (`docker system df` shows what Docker uses), then try again',
    },
  );
}
