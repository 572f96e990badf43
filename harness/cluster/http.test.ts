import { createServer, type RequestListener, type Server } from 'node:http';
import { KubeConfig } from '@kubernetes/client-node';
import { afterEach, describe, expect, it } from 'vitest';
import { ApiError, requestJson } from './http.ts';

/** Plain HTTP would be refused by client-node; only what happens before a connection is testable without certificates. */
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

  it('says what the API said, in a line', () => {
    expect(new ApiError(404, 'pods "x" not found').message).toBe('API says 404: pods "x" not found');
  });
});
