import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { k3sPlatform } from './platform.ts';
import { k3sRest } from './rest.ts';

const project = join(import.meta.dirname, '..', '..', '..');
type Tree = Readonly<Record<string, unknown>>;
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The fields that two objects both name. */
const shared = (a: Tree, b: Tree, path = ''): readonly string[] =>
  Object.keys(a)
    .filter((key) => key in b)
    .flatMap((key) => {
      const [one, other] = [a[key], b[key]];
      return isTree(one) && isTree(other) ? shared(one, other, `${path}.${key}`) : [`${path}.${key}`];
    });

describe('CoreDNS on k3s', () => {
  it('is placed by fields that its packaged manifest does not name, or each start of k3s would roll it out anew', async () => {
    const patch = parse(await readFile(join(project, 'manifests', k3sPlatform.dnsPatch), 'utf8')) as Tree;
    const packaged = parseAllDocuments(await readFile(join(project, 'images/k3s/manifests/coredns.yaml'), 'utf8'))
      .map((one) => one.toJS() as Tree)
      .find(({ kind }) => kind === 'Deployment');
    expect(patch).toHaveProperty('spec.template.spec.affinity');
    expect(shared(patch, packaged ?? patch)).toEqual([]);
  });
});

describe('an agent of a snapshot', () => {
  it('does not start by itself, and is let go once its server takes connections', async () => {
    expect(k3sRest.scripts).toContain('systemctl disable --quiet k3s-agent');
    expect(k3sRest.release('control-plane', '127.0.0.1')).toBeUndefined();
    const release = k3sRest.release('worker', '127.0.0.1') ?? '';
    const said: string[] = [];
    const server = createServer((socket) => socket.destroy());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const at = release.replace('6443', String(address.port));
    expect(at).not.toBe(release);
    const run = spawn('sh', ['-ec', `systemctl() { echo "$*"; }\n${at}`]);
    run.stdout.on('data', (chunk: Buffer) => said.push(chunk.toString()));
    const [code] = (await once(run, 'close')) as [number];
    server.close();
    expect(code).toBe(0);
    expect(said.join('')).toBe('enable --quiet --now --no-block k3s-agent\n');
  });
});
