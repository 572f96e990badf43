import { execa } from 'execa';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadScenario } from '../../harness/cli/load.ts';
import { leaksIn, telltaleWords } from '../support/telltale.ts';
import { longToo } from './provided.ts';

/** The scenario that is looked for; any: `FIREDRILL_LONG=1 FIREDRILL_LEAKS=cni-wipe npx vitest run --project cluster test/cluster/leaks.test.ts`. */
const id = process.env['FIREDRILL_LEAKS'] ?? 'coredns-loop';
const bin = join(import.meta.dirname, '..', '..', 'bin', 'firedrill.mjs');
let dir = '';
const env = () => ({ FIREDRILL_STATE: join(dir, 'state'), NO_COLOR: '1' });

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'responder-'));
  copyFileSync(join(import.meta.dirname, 'snoop.sh'), join(dir, 'snoop.sh'));
  chmodSync(join(dir, 'snoop.sh'), 0o755);
});
afterAll(async () => {
  await execa('node', [bin, 'clean'], { env: env(), reject: false });
  rmSync(dir, { recursive: true });
});

describe.runIf(longToo)('on a running trial', () => {
  it(`nothing that a responder can reach tells that it is ${id}`, { timeout: 580_000 }, async () => {
    const told = ['--responder', join(dir, 'snoop.sh'), '--confirm', 'never', '--out', join(dir, 'out')];
    const run = await execa('node', [bin, 'run', id, ...told], { env: env(), reject: false, timeout: 560_000 });
    const seen = readFileSync(join(dir, 'snoop.seen'), 'utf8');
    // It has really been everywhere.
    expect(seen, run.stderr.slice(-2000)).toContain('# that is all');
    expect(seen).toMatch(/kind: Pod\n/);
    expect(seen).toContain('/etc/kubernetes/admin.conf');
    expect(seen).toContain('kube-apiserver --');
    expect(leaksIn(seen, telltaleWords(id, await loadScenario(id)))).toEqual([]);
  });
});
