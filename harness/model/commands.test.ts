import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stopPostgres } from './commands.ts';

describe('stopPostgres', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'commands-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('stops what is there, though one of them has ended by the time that it is told', () => {
    // The shell is one of "the server's processes"; the other number belongs to nobody.
    writeFileSync(join(folder, 'pidof'), `#!/bin/sh\necho "4194303 $(cat ${folder}/pid)"\n`);
    chmodSync(join(folder, 'pidof'), 0o755);
    const script = [
      'sleep 30 & echo $! > "$0/pid"',
      stopPostgres,
      // Until the kernel shows it; it is stopped when kill has returned, and shown so at once or nearly.
      'for i in 1 2 3 4 5 6 7 8 9 10; do grep -q "^State:.T" "/proc/$(cat "$0/pid")/status" && echo stopped && break; sleep 0.1; done',
      'kill -KILL "$(cat "$0/pid")"',
    ].join('\n');
    const { status, stdout } = spawnSync('sh', ['-ec', script, folder], {
      encoding: 'utf8',
      env: { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}` },
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'stopped\n' });
  });
});
