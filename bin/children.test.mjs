import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { endChildren, runChild } from './children.mjs';

it('waits for what an ended child leaves behind, which may still be tearing down', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'children-'));
  try {
    const slow = `trap 'sleep 1; touch ${dir}/torn-down; exit' TERM; touch ${dir}/up; while :; do sleep 0.1; done`;
    const child = runChild('sh', ['-c', `sh -c "${slow}" & trap 'exit 3' TERM; wait`]);
    while (!existsSync(join(dir, 'up'))) await sleep(20);
    await endChildren(20_000);
    expect(await child).toMatchObject({ exitCode: 3 });
    expect(existsSync(join(dir, 'torn-down'))).toBe(true);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
