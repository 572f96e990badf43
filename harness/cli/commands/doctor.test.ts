import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { metricsCheck } from './doctor.ts';

it("knows what trials' metrics take of the disk, and that there may be none", async () => {
  const out = mkdtempSync(join(tmpdir(), 'firedrill-doctor-'));
  try {
    expect((await metricsCheck(out)).detail).toContain('0 trials, 0.0 MB');
    const run = join(out, 'cni-wipe', '20251127-101112-0001');
    mkdirSync(join(run, 'trials', 'wait-1'), { recursive: true });
    writeFileSync(join(run, 'plan.json'), '{}');
    writeFileSync(join(run, 'trials', 'wait-1', 'metrics.tar.gz'), Buffer.alloc(250_000));
    writeFileSync(join(run, 'trials', 'wait-1', 'events.jsonl'), Buffer.alloc(9_000_000));
    expect((await metricsCheck(out)).detail).toContain('1 trial, 0.3 MB');
    expect((await metricsCheck(join(out, 'none', 'yet'))).status).toBe('ok');
  } finally {
    rmSync(out, { recursive: true });
  }
});
