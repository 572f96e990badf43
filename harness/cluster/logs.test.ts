import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { k3d, log } from '../distributions/k3d.ts';
import { fakeCluster } from '../../test/support/fake-cluster.ts';
import { nodeLogs } from './logs.ts';

it('has what each node says since an instant, and says of a node that does not answer why', async () => {
  const cluster = fakeCluster({
    exec: ({ on }) =>
      on === 'fake-worker' ? { exitCode: 1, stderr: 'trying\ncontainer is not running\n' } : `log of ${on}`,
  });
  expect(await nodeLogs(cluster, 1_700_000_000_999, new AbortController().signal)).toEqual([
    { node: 'fake-control-plane', text: 'log of fake-control-plane' },
    { node: 'fake-worker', missing: 'container is not running (exit code 1)' },
    { node: 'fake-worker2', text: 'log of fake-worker2' },
  ]);
  expect(cluster.calls.every(({ command }) => command.startsWith("since='1700000000'\n"))).toBe(true);
});

it('has what k3s said where there is no journal', async () => {
  const cluster = fakeCluster({ exec: () => '' });
  await nodeLogs(cluster, 1_700_000_000_999, new AbortController().signal, 'k3d');
  expect(cluster.calls.map(({ command }) => command).join('\n')).toContain(log);
  cluster.calls.length = 0;
  await nodeLogs(cluster, 1_700_000_000_999, new AbortController().signal, 'k3s');
  expect(cluster.calls.map(({ command }) => command).join('\n')).not.toContain(log);
});

it("takes k3s' own lines by their times, whichever of two forms these have, with what follows each", () => {
  const dir = mkdtempSync(join(tmpdir(), 'log-'));
  const file = join(dir, 'k3s.log');
  const year = new Date().getUTCFullYear();
  writeFileSync(
    file,
    [
      'I0301 10:00:00.5 1 a.go:1] before',
      'W0301 10:00:05.0 1 a.go:1] first',
      'a stack that belongs to it',
      `time="${year}-03-01T10:00:06Z" level=info msg=second`,
      'E0301 10:00:10.0 1 a.go:1] after',
      '',
    ].join('\n'),
  );
  const at = (second: number) => String(Date.UTC(year, 2, 1, 10, 0, second) / 1000);
  const command = k3d.logsBetween('kubelet', at(5), at(10)).replace(log, file);
  const lines = execFileSync('sh', ['-c', command], { encoding: 'utf8' }).trim().split('\n');
  expect(lines.map((line) => line.split(/[ =]/).at(-1))).toEqual(['first', 'it', 'second']);
  rmSync(dir, { recursive: true });
});
