import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { isMap, parseAllDocuments } from 'yaml';
import { kubeadm } from '../../harness/distributions/kubeadm.ts';
import { unused } from '../../harness/model/commands.ts';
import { smallNode } from './small-node.ts';

const yaml = smallNode(kubeadm).flatMap((step) =>
  'command' in step ? (/<<'YAML'.*\n([\s\S]*)^YAML$/m.exec(step.command)?.[1] ?? []) : [],
);
const documents = yaml.flatMap((text) => [...parseAllDocuments(text)]);
const [program = ''] = documents.flatMap((document) => {
  const text = document.getIn(['data', 'serve.sh']);
  return typeof text === 'string' ? [text] : [];
});

it('asks for so little that the scheduler finds room for all of them, and bounds each', () => {
  const [deployment] = documents.filter((document) => document.get('kind') === 'Deployment');
  const [container] = (deployment?.toJS() as { spec: { template: { spec: { containers: object[] } } } }).spec.template
    .spec.containers;
  expect(isMap(deployment?.contents)).toBe(true);
  expect(container).toMatchObject({
    resources: { requests: { memory: '16Mi' }, limits: { memory: '128Mi' } },
  });
  // The most that they are told to hold is within their own limit: it is the node's that is to be hit.
  expect((unused.mostBlocks * unused.blockCostKiB) / 1024).toBeLessThan(128);
});

it.runIf(process.platform === 'linux')(
  'holds as many blocks as it is told, lets go of them, and ends when it is asked to',
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'firedrill-unused-'));
    mkdirSync(join(dir, 'tmp'));
    const text = program.replaceAll('/tmp/', `${dir}/tmp/`).replaceAll('/unused/', `${dir}/`);
    const child = spawn('bash', ['-c', text], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const tell = (blocks: number): void => {
      writeFileSync(join(dir, 'new'), `${blocks}\n`);
      renameSync(join(dir, 'new'), join(dir, 'blocks'));
    };
    /** Resident memory of each dd among its children, in MiB. */
    const held = (): readonly number[] =>
      readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .flatMap((pid) => {
          try {
            const status = readFileSync(`/proc/${pid}/status`, 'utf8');
            const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1];
            return field('PPid') === String(child.pid) && field('Name') === 'dd'
              ? [Math.floor(Number(field('VmRSS')) / 1024)]
              : [];
          } catch {
            return [];
          }
        });
    try {
      tell(3);
      await vi.waitFor(
        () => {
          expect(held()).toHaveLength(3);
          for (const size of held()) expect(size).toBeGreaterThanOrEqual(unused.blockMiB);
        },
        { timeout: 20_000 },
      );
      rmSync(join(dir, 'blocks'));
      await vi.waitFor(
        () => {
          expect(held()).toHaveLength(0);
        },
        { timeout: 20_000 },
      );
      child.kill('SIGTERM');
      expect(await ended).toBe(0);
      expect(said).toBe('');
    } finally {
      child.kill('SIGKILL');
      rmSync(dir, { recursive: true });
    }
  },
  60_000,
);
