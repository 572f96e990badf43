import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { afterEach, describe, expect, it } from 'vitest';
import { ApiError, requestJson } from './http.ts';

describe('requestJson', () => {
  const servers: Server[] = [];
  afterEach(() => Promise.all(servers.splice(0).map((s) => new Promise((done) => s.close(done)))));
  const listen = (handler: RequestListener): Promise<number> =>
    new Promise((resolve) => {
      const server = createServer(handler);
      servers.push(server);
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
  const configFor = (port: number): KubeConfig => {
    const config = new KubeConfig();
    config.loadFromOptions({
      clusters: [{ name: 'c', server: `https://127.0.0.1:${port}`, skipTLSVerify: true }],
      users: [{ name: 'u', token: 't' }],
      contexts: [{ name: 'x', cluster: 'c', user: 'u' }],
      currentContext: 'x',
    });
    return config;
  };

  it('rejects when nobody speaks TLS there, and at once with an aborted signal', async () => {
    const port = await listen((_, response) => response.end('{}'));
    const signal = new AbortController().signal;
    await expect(requestJson(configFor(port), '/api', { signal })).rejects.toThrow(/SSL|EPROTO|wrong version/i);
    await expect(requestJson(configFor(port), '/api', { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  });

  it('resumes a TLS session unless it is asked as a newcomer, who looks at the certificate each time', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'firedrill-tls-'));
    const made = [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-subj',
      '/CN=localhost',
      '-days',
      '1',
    ];
    execFileSync('openssl', ['req', '-x509', ...made, '-keyout', join(dir, 'key'), '-out', join(dir, 'cert')], {
      stdio: 'ignore',
    });
    const resumed: boolean[] = [];
    const server = createTlsServer(
      { key: readFileSync(join(dir, 'key')), cert: readFileSync(join(dir, 'cert')) },
      (_, response) => response.end('{}'),
    );
    rmSync(dir, { recursive: true });
    server.on('secureConnection', (socket) => resumed.push(socket.isSessionReused()));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const config = configFor((server.address() as AddressInfo).port);
    const signal = new AbortController().signal;
    for (const newcomer of [false, false, true, true]) await requestJson(config, '/api', { newcomer, signal });
    expect(resumed).toEqual([false, true, false, false]);
  });

  it('says what the API said, in a line', () => {
    expect(new ApiError(404, 'pods "x" not found').message).toBe('API says 404: pods "x" not found');
  });
});
