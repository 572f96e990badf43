import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { receivedBytes } from './received.ts';

it('counts what came through network cards, and nothing that never left this machine', async () => {
  const sys = mkdtempSync(join(tmpdir(), 'net-'));
  try {
    for (const [name, bytes, card] of [
      ['eth0', 100, true],
      ['wlan0', 20, true],
      ['lo', 5000, false],
      ['docker0', 300, false],
    ] as const) {
      mkdirSync(join(sys, name, 'statistics'), { recursive: true });
      writeFileSync(join(sys, name, 'statistics', 'rx_bytes'), `${String(bytes)}\n`);
      if (card) mkdirSync(join(sys, name, 'device'));
    }
    expect(await receivedBytes(sys)).toBe(120);
    expect(await receivedBytes(join(sys, 'nowhere'))).toBeUndefined();
  } finally {
    rmSync(sys, { recursive: true });
  }
});
