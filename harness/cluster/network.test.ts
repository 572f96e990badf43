import { describe, expect, it } from 'vitest';
import { bridgeOf, chooseSubnet, createNetwork, parseRoutes } from './network.ts';
import type { Docker } from './docker.ts';

const overlaps = (a: string, b: string): boolean => {
  const range = (subnet: string): [number, number] => {
    const [address = '', bits = '32'] = subnet.split('/');
    const from = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
    return [from, from + 2 ** (32 - Number(bits))];
  };
  const [[x0, x1], [y0, y1]] = [range(a), range(b)];
  return x0 < y1 && y0 < x1;
};

describe('chooseSubnet', () => {
  it('takes a /24 that overlaps nothing given, nor pods and services', () => {
    for (const seed of ['a', 'b', 'c', 'd']) {
      const taken = ['10.201.0.0/17', '172.17.0.0/16', '192.0.2.0/24'];
      const subnet = chooseSubnet(taken, seed);
      expect(subnet).toMatch(/^10\.201\.\d+\.0\/24$/);
      for (const other of [...taken, '10.244.0.0/16', '10.96.0.0/16']) expect(overlaps(subnet, other)).toBe(false);
    }
  });
  it('spreads clusters that start at the same time', () => {
    const subnets = new Set(Array.from({ length: 20 }, (_, i) => chooseSubnet([], `cluster-${i}`)));
    expect(subnets.size).toBeGreaterThan(15);
  });
  it('goes to another private range when a route covers the first one whole', () => {
    expect(chooseSubnet(['10.0.0.0/8'], 'a')).toMatch(/^172\.29\./);
    expect(chooseSubnet(['10.0.0.0/8', '172.16.0.0/12'], 'a')).toMatch(/^192\.168\./);
  });
  it('ignores the default route, IPv6 and nonsense', () => {
    expect(chooseSubnet(['0.0.0.0/0', 'fd00::/8', 'x', ''], 'a')).toBe(chooseSubnet([], 'a'));
  });
  it('says so when nothing is free', () => {
    expect(() => chooseSubnet(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'], 'a')).toThrow(/no free \/24/);
  });
});

describe('parseRoutes', () => {
  it('reads the kernel table, whose numbers are little-endian', () => {
    const table = [
      'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
      'eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0',
      'docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
      'eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
    ].join('\n');
    expect(parseRoutes(table)).toEqual(['0.0.0.0/0', '172.17.0.0/16', '192.0.2.0/24']);
  });
});

describe('bridgeOf', () => {
  it('fits into an interface name and differs by cluster', () => {
    expect(bridgeOf('firedrill-a').length).toBeLessThanOrEqual(15);
    expect(bridgeOf('firedrill-a')).not.toBe(bridgeOf('firedrill-b'));
  });
});

describe('createNetwork', () => {
  const options = { cluster: 'firedrill-t', runId: 'r1', helperImage: 'img' };
  const signal = new AbortController().signal;

  it('labels it, and keeps the nodes out of the range that Docker hands out', async () => {
    let created: readonly string[] = [];
    const docker: Docker = (args) => {
      if (args[1] === 'create') created = args;
      return Promise.resolve('');
    };
    const net = await createNetwork(docker, options, signal);
    expect(created).toContain('firedrill.run=r1');
    expect(created).toContain('firedrill.cluster=firedrill-t');
    expect(created).toContain(`com.docker.network.bridge.name=${bridgeOf('firedrill-t')}`);
    const range = created[created.indexOf('--ip-range') + 1] ?? '';
    expect(overlaps(net.nodeAddress(0), net.subnet)).toBe(true);
    for (const n of [0, 1, 9]) expect(overlaps(net.nodeAddress(n), range)).toBe(false);
  });

  it('tries another subnet when somebody was faster, and gives up on other errors', async () => {
    let attempts = 0;
    const docker: Docker = (args) => {
      if (args[1] !== 'create') return Promise.resolve('');
      attempts += 1;
      return attempts < 3 ? Promise.reject(new Error('Pool overlaps with other one')) : Promise.resolve('');
    };
    await createNetwork(docker, options, signal);
    expect(attempts).toBe(3);
    const broken: Docker = (args) =>
      args[1] === 'create' ? Promise.reject(new Error('permission denied')) : Promise.resolve('');
    await expect(createNetwork(broken, options, signal)).rejects.toThrow(/permission denied/);
  });
});
