import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keepNodeLogs } from './node-logs.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'firedrill-node-logs-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

describe('keepNodeLogs', () => {
  it('writes what each node says, without its secrets, and tells which say nothing', () => {
    const text = 'kubelet: join with token=abcdef.0123456789abcdef';
    const logs = [
      { node: 'a', text },
      { node: 'b', missing: 'container is not running (exit code 1)' },
    ];
    const missing = keepNodeLogs(logs, join(dir, 'nodes'), 1_700_000_000_999);
    expect(missing).toEqual(['b: container is not running (exit code 1)']);
    expect(readdirSync(join(dir, 'nodes'))).toEqual(['a.log.gz']);
    const kept = gunzipSync(readFileSync(join(dir, 'nodes', 'a.log.gz'))).toString();
    expect(kept).toContain('# the trial began at 2023-11-14T22:13:20.999Z\n');
    expect(kept).toContain('kubelet: join with');
    expect(kept).not.toContain('0123456789abcdef');
  });
});
