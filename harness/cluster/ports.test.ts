import { expect, it } from 'vitest';

import { apiServerPort, clusterPorts, hostPort, nodePorts } from './ports.ts';

it('gives a cluster a port of its own for each that its nodes publish', async () => {
  const ports = await clusterPorts();
  expect([...ports.keys()]).toEqual([apiServerPort, ...Object.values(nodePorts)]);
  expect(new Set(ports.values()).size).toBe(ports.size);
  expect(() => hostPort(ports, 1)).toThrow('no port of this machine for 1');
});
