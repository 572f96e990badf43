import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Docker } from '../docker.ts';
import { diskScripts, snapshotDisks } from './disks.ts';
import { SnapshotUnusable, type Snapshot } from './snapshot.ts';

const signal = new AbortController().signal;
const snapshot: Snapshot = {
  ...{ schemaVersion: 1, key: 'key', cluster: 'firedrill-a-0', subnet: '10.201.1.0/24', kubeconfig: '' },
  ...{ epochMs: 0, pods: {}, bytes: 10, base: { id: 'ba5e', sha256: 's', bytes: 100 } },
  nodes: [0, 1].map((index) => ({ name: `node-${index}`, image: `image-${index}`, sha256: 't', asked: [] })),
};

/** A Docker whose helper says these lines one by one. */
const saying =
  (...lines: readonly string[]): Docker =>
  (args, options) => {
    if (args[0] === 'volume') return Promise.resolve(args[1] === 'inspect' ? '/volumes/x' : 'firedrill-snapshots');
    for (const line of lines) options?.onLine?.(line);
    return Promise.resolve(lines.join('\n'));
  };

const unpack = async (docker: Docker): Promise<{ readonly started: readonly string[]; readonly error?: unknown }> => {
  const started: string[] = [];
  const onDisk = (index: number, disk: { readonly varDir: string; readonly baseDir: string }): void => {
    started.push(`${index} ${disk.varDir.replace(/\/[0-9a-f]{8}\//, '/<once>/')} ${disk.baseDir}`);
  };
  try {
    await snapshotDisks(docker, 'image').unpack(snapshot, 'run', onDisk, signal);
    return { started };
  } catch (error) {
    return { started, error };
  }
};

describe('what no snapshot names', () => {
  it('goes: layers at once, archives when nobody can be making them any more', () => {
    const dir = mkdtempSync(join(tmpdir(), 'disks-'));
    try {
      const made = [
        'base/ba5e',
        'base/01d',
        'golden/firedrill-a-0',
        'golden/firedrill-lost-0',
        'golden/firedrill-new-0',
      ];
      for (const one of made) mkdirSync(join(dir, one), { recursive: true });
      writeFileSync(join(dir, 'base/01d.sha256'), '');
      for (const name of ['firedrill-a-0', 'firedrill-lost-0']) utimesSync(join(dir, 'golden', name), 0, 0);
      const script = diskScripts.removeOthers({ bases: ['ba5e'], clusters: ['firedrill-a-0'] });
      execFileSync('sh', ['-c', script.replaceAll('/store', dir)]);
      expect(readdirSync(join(dir, 'base'))).toEqual(['ba5e']);
      expect(readdirSync(join(dir, 'golden')).sort()).toEqual(['firedrill-a-0', 'firedrill-new-0']);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});

describe('unpacking', () => {
  it('lets each node start on its own disk as soon as that is there', async () => {
    expect(await unpack(saying('there: 0', 'there: 1'))).toEqual({
      started: [
        '0 /volumes/x/live/firedrill-a-0/<once>/0 /volumes/x/base/ba5e',
        '1 /volumes/x/live/firedrill-a-0/<once>/1 /volumes/x/base/ba5e',
      ],
    });
  });

  it('lets nobody start after a damage, and refuses the snapshot', async () => {
    const { started, error } = await unpack(
      saying('there: 0', 'damaged: the archive of node 1 is not as it was', 'there: 1'),
    );
    expect(started).toHaveLength(1);
    expect(error).toBeInstanceOf(SnapshotUnusable);
    expect((error as Error).message).toBe('damaged: the archive of node 1 is not as it was');
  });

  it('lays the control plane out first, and says that a node is there after its archive was found sound', () => {
    const script = diskScripts.unpack(snapshot, '0a');
    expect(script.indexOf('wait "$summing"')).toBeLessThan(script.indexOf('echo "there: $1"'));
    expect(script).toContain("\nsums='t t'\n");
    expect(script).toContain('for wanted in $sums; do\n  lay_out "$node" "$wanted"\n');
  });
});
