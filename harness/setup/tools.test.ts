import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { missingFrom } from './tools.ts';

it('finds what is on the PATH and may be run', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'firedrill-tools-'));
  try {
    await writeFile(join(dir, 'awk'), '');
    await chmod(join(dir, 'awk'), 0o755);
    await writeFile(join(dir, 'sed'), '');
    expect(await missingFrom(['awk', 'sed', 'tar'], `/nowhere:${dir}`)).toEqual(['sed', 'tar']);
    expect(await missingFrom(['sh'])).toEqual([]);
  } finally {
    await rm(dir, { recursive: true });
  }
});
