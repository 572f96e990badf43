import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadScenario } from '../../harness/cli/load.ts';
import { needOf } from '../../harness/engine/estimate.ts';

it('no less is asked for than a trial was measured to take', async () => {
  const kept = JSON.parse(readFileSync(join(import.meta.dirname, '../../bench/results/trial-needs.json'), 'utf8')) as {
    readonly found: readonly { readonly id: string; readonly containersMiB: number; readonly firedrillMiB: number }[];
  };
  expect(kept.found.length).toBeGreaterThan(2);
  for (const { id, containersMiB, firedrillMiB } of kept.found) {
    const { memoryBytes } = await needOf(id, await loadScenario(id));
    expect(memoryBytes / 2 ** 20, id).toBeGreaterThan(containersMiB + firedrillMiB);
  }
});
