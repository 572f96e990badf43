import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { download } from './download.ts';

const content = Buffer.alloc(300_000, 'firedrill');
const sha256 = createHash('sha256').update(content).digest('hex');

let dir: string;
let server: Server;
let url: string;
/** The ranges that were asked for, and how many bytes the next answer ends after. */
let asked: (string | undefined)[];
let cutAfter: number | undefined;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'firedrill-download-'));
  asked = [];
  cutAfter = undefined;
  server = createServer((request, response) => {
    const { range } = request.headers;
    asked.push(range);
    const from = Number(/bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0);
    if (request.url !== '/file') return void response.writeHead(404).end();
    if (from >= content.length) return void response.writeHead(416).end();
    const rest = content.subarray(from);
    response.writeHead(range === undefined ? 200 : 206, { 'content-length': rest.length });
    if (cutAfter === undefined) return void response.end(rest);
    response.write(rest.subarray(0, cutAfter));
    // Not before some of it has arrived: what is on its way when a connection breaks may be lost.
    const arrived = setInterval(() => {
      if (!existsSync(join(dir, 'file.part')) || statSync(join(dir, 'file.part')).size === 0) return;
      clearInterval(arrived);
      response.destroy();
    }, 5);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`;
});
afterEach(async () => {
  rmSync(dir, { recursive: true, force: true });
  await new Promise((resolve) => server.close(resolve));
});

describe('a download', () => {
  it('appears when it is complete, and tells how far it is', async () => {
    const told: [number, number | undefined][] = [];
    await download(url, join(dir, 'deep/file'), { sha256, onBytes: (...so) => told.push(so) });
    expect(readFileSync(join(dir, 'deep/file')).equals(content)).toBe(true);
    expect(told.at(-1)).toEqual([content.length, content.length]);
  });

  it('goes on where an interrupted one ended', async () => {
    const path = join(dir, 'file');
    cutAfter = 100_000;
    await expect(download(url, path, { sha256 })).rejects.toThrow(/cannot fetch/);
    expect(existsSync(path)).toBe(false);
    cutAfter = undefined;
    await download(url, path, { sha256 });
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(asked[1]).toMatch(/^bytes=[1-9]\d*-$/);
  });

  it('takes what was complete already without fetching it again', async () => {
    const path = join(dir, 'file');
    writeFileSync(`${path}.part`, content);
    await download(url, path, { sha256 });
    expect(readFileSync(path).equals(content)).toBe(true);
  });

  it('is refused and thrown away where it is something else', async () => {
    const path = join(dir, 'file');
    await expect(download(url, path, { sha256: sha256.replace(/^./, 'x') })).rejects.toThrow(/checksum/);
    expect(existsSync(path) || existsSync(`${path}.part`)).toBe(false);
  });

  it('says why it cannot be had', async () => {
    await expect(download(`${url}-not`, join(dir, 'file'), { sha256 })).rejects.toThrow(/HTTP 404/);
  });
});
