import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { inotifyOfRoot } from './inotify.ts';

let proc = '';
beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), 'proc-'));
});
afterEach(() => {
  rmSync(proc, { recursive: true });
});

function process(pid: number, uid: number, open: readonly string[]): void {
  const dir = join(proc, String(pid));
  mkdirSync(join(dir, 'fd'), { recursive: true });
  writeFileSync(join(dir, 'status'), `Name:\tx\nUid:\t${String(uid)}\t${String(uid)}\t0\t0\n`);
  for (const [fd, kind] of open.entries()) symlinkSync(kind, join(dir, 'fd', String(fd)));
}

it("counts root's instances, and nobody else's", async () => {
  mkdirSync(join(proc, 'sys', 'fs', 'inotify'), { recursive: true });
  writeFileSync(join(proc, 'sys', 'fs', 'inotify', 'max_user_instances'), '128\n');
  process(1, 0, ['anon_inode:inotify', 'socket:[1]', 'anon_inode:inotify']);
  process(20, 1000, ['anon_inode:inotify']);
  process(300, 0, ['pipe:[1]']);
  // A process that has ended meanwhile.
  mkdirSync(join(proc, '4000'));
  expect(await inotifyOfRoot(proc)).toEqual({ limit: 128, used: 2 });
});

it('has nothing to say where there is no such limit', async () => {
  expect(await inotifyOfRoot(proc)).toBeUndefined();
});
