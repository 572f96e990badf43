import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeCluster } from '../cluster/fake.ts';
import { keepNodeLogs } from './node-logs.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'firedrill-node-logs-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

describe('keepNodeLogs', () => {
  it('writes what each node says since the trial began, without its secrets, and tells which say nothing', async () => {
    const cluster = fakeCluster({
      exec: ({ on }) =>
        on === 'fake-worker'
          ? { exitCode: 1, stderr: 'trying\ncontainer is not running\n' }
          : 'kubelet: join with token=abcdef.0123456789abcdef',
    });
    const missing = await keepNodeLogs(cluster, join(dir, 'nodes'), 1_700_000_000_999, new AbortController().signal);
    expect(missing).toEqual(['fake-worker: container is not running (exit code 1)']);
    expect(readdirSync(join(dir, 'nodes')).sort()).toEqual(['fake-control-plane.log.gz', 'fake-worker2.log.gz']);
    const text = gunzipSync(readFileSync(join(dir, 'nodes', 'fake-worker2.log.gz'))).toString();
    expect(text).toContain('# the trial began at 2023-11-14T22:13:20.999Z\n');
    expect(text).toContain('kubelet: join with');
    expect(text).not.toContain('0123456789abcdef');
    expect(cluster.calls.every(({ command }) => command.includes('--since=@1700000000 '))).toBe(true);
  });
});
