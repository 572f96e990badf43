import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** What is called on a workstation besides what is put there (kubectl, kind, ssh): programs of every Unix, without options that only GNU's have. */
export const unixTools = [
  ...['awk', 'cat', 'cut', 'dirname', 'grep', 'head', 'rm', 'sed', 'sh', 'sleep', 'sort', 'tail', 'tar'],
  ...['uniq', 'wc'],
] as const;

/** Those of `programs` that are not on the PATH. */
export async function missingFrom(
  programs: readonly string[],
  path: string = process.env['PATH'] ?? '',
): Promise<readonly string[]> {
  const folders = path.split(delimiter).filter((folder) => folder !== '');
  const there = await Promise.all(
    programs.map(async (program) => {
      const found = await Promise.allSettled(folders.map((folder) => access(join(folder, program), constants.X_OK)));
      return found.some(({ status }) => status === 'fulfilled');
    }),
  );
  return programs.filter((_, i) => there[i] !== true);
}
