import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startServer } from './server.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'server-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

it('a Prometheus that does not come up says its last words', async () => {
  const program = join(dir, 'prometheus');
  writeFileSync(program, "#!/bin/sh\necho 'opening storage failed: bad block' >&2\nexit 1\n");
  chmodSync(program, 0o755);
  await expect(startServer(program, dir, { lookbackMs: 300_000 })).rejects.toThrow(
    `${program} did not start: opening storage failed: bad block`,
  );
});

it('one that is not there is told', async () => {
  const program = join(dir, 'gone');
  await expect(startServer(program, dir, { lookbackMs: 300_000 })).rejects.toThrow(/did not start: .*ENOENT/);
});
