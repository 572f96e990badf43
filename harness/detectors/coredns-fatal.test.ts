import { execa } from 'execa';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { followCorednsLogs } from './coredns-fatal.ts';

let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'coredns-fatal-'));
});
afterAll(() => {
  rmSync(root, { recursive: true });
});

/** A pod with logs of its container, the oldest first; `deleted`: the kubelet has not cleared its logs away yet. */
function pod(uid: string, logs: readonly string[], deleted = false): void {
  const folder = join(root, 'log/pods', `kube-system_coredns-abc-${uid}_${uid}`, 'coredns');
  mkdirSync(folder, { recursive: true });
  for (const [n, text] of logs.entries()) writeFileSync(join(folder, `${n}.log`), text);
  if (!deleted) mkdirSync(join(root, 'lib/kubelet/pods', uid), { recursive: true });
}

const line = (at: string, text: string) => `${at} stdout F ${text}\n`;
const fatal = '[FATAL] plugin/loop: Loop (127.0.0.1:1 -> :53) detected';

it('reports lines of the outage, and counts pods whose newest log has one and that have not been deleted', async () => {
  const early = '2026-01-01T00:00:00.5Z';
  const late = '2026-01-02T00:00:00.5Z';
  pod('dies', [line(late, 'plugin/ready'), line(late, fatal)]);
  pod('recovered', [line(late, fatal), line(late, 'ready')]);
  pod('before', [line(early, fatal)]);
  pod('deleted', [line(late, `${fatal} too`)], true);
  const { stdout } = await execa('sh', ['-c', followCorednsLogs(Date.parse('2026-01-01T12:00:00Z'), root)], {
    input: '',
  });
  const said = stdout.split('\n');
  expect(said.filter((one) => one.startsWith('fatal')).sort()).toEqual([
    `fatal ${fatal}`,
    `fatal ${fatal}`,
    `fatal ${fatal} too`,
  ]);
  expect(said.at(-1)).toBe('beat 1');
});
