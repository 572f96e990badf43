import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { shellScript } from '../shell.ts';
import { k3dRest } from './rest.ts';

describe('a node that is there for k3s, brought to rest', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'rest-'));
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  it('stays when k3s has ended: who waits for its end stands still', async () => {
    // A name that nobody else's process has.
    const program = `fd-${process.pid}-k3s`;
    copyFileSync(spawnSync('sh', ['-c', 'command -v sleep'], { encoding: 'utf8' }).stdout.trim(), join(dir, program));
    const node = spawn('sh', ['-c', `"${join(dir, program)}" 60 & echo up; wait $!; echo over`]);
    try {
      await once(node.stdout, 'data');
      const script = `${shellScript('k3d-stop.sh', { processes: `${program} no-${program}` })}\nstop_k3s`;
      const stopped = spawnSync('sh', ['-ec', script], { encoding: 'utf8' });
      expect([stopped.status, stopped.stderr]).toEqual([0, '']);
      const state = spawnSync('sh', ['-c', `awk '/^State:/ { print $2 }' /proc/${String(node.pid)}/status`], {
        encoding: 'utf8',
      });
      expect(state.stdout.trim()).toBe('T');
    } finally {
      node.kill('SIGKILL');
    }
  });

  it('is told so before its containers are taken away, and forgets under which kernel it was started', () => {
    const { scripts } = k3dRest;
    expect(scripts).not.toContain('systemctl');
    expect(scripts.indexOf('stop_k3s() {')).toBeLessThan(scripts.lastIndexOf('\nstop_k3s\n'));
    expect(scripts).toMatch(/rm -f \/etc\/firedrill\/boot\n$/);
  });
});
