import { createServer } from 'node:net';

import { describe, expect, it } from 'vitest';

import { freePorts } from './ports.ts';

describe('free ports', () => {
  it('are all different, also over calls that run at the same time', async () => {
    const taken = await Promise.all(Array.from({ length: 20 }, () => freePorts(7)));
    expect(new Set(taken.flat()).size).toBe(140);
  });

  it('are none that somebody listens on', async () => {
    const [port = 0] = await freePorts(1);
    const server = createServer();
    // The next that would be given.
    await new Promise<void>((resolve) => server.listen(port + 1, '127.0.0.1', resolve));
    try {
      expect(await freePorts(3)).not.toContain(port + 1);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('are none that the kernel gives to connections', async () => {
    const ports = await freePorts(50, { ephemeral: { first: 20_100, last: 60_999 } });
    expect(Math.min(...ports)).toBeGreaterThanOrEqual(20_000);
    expect(Math.max(...ports)).toBeLessThan(20_100);
  });

  it('are any where it gives all of them to connections', async () => {
    expect(await freePorts(50, { ephemeral: { first: 1024, last: 65_535 } })).toHaveLength(50);
  });

  it('are below the node ports of a Kubernetes that runs on this machine', async () => {
    for (const port of await freePorts(200)) expect(port).toBeLessThan(30_000);
  });

  it('are refused when there are not that many', async () => {
    await expect(freePorts(11, { among: { first: 20_000, last: 20_009 } })).rejects.toMatchObject({
      code: 'environment',
      hint: 'ss -ltn',
    });
  });
});
