import { describe, expect, it } from 'vitest';
import { engineElsewhere, refusals, refuse, type Machine } from './refusal.ts';

const good: Machine = {
  ...{ platform: 'linux', arch: 'x64', podman: false },
  ...{ engine: 'x86_64', rootless: false, firewall: 'iptables', dockerUserChain: true, bridgeNetfilter: true },
};

describe('a machine on which nothing can be run', () => {
  it('is not one with Linux and a Docker engine of root, nor one of which little can be told', () => {
    expect(refusals(good)).toEqual([]);
    expect(refusals({ ...good, arch: 'arm64', engine: 'aarch64' })).toEqual([]);
    expect(refusals({ platform: 'linux', arch: 'x64' })).toEqual([]);
  });

  it.each([
    ['machine', { platform: 'darwin' }, /virtual machine/],
    ['machine', { platform: 'win32' }, /WSL 2/],
    ['machine', { arch: 'riscv64', engine: '' }, /x86-64 or arm64/],
    ['machine', { engine: 'aarch64' }, /Node.js for arm64/],
    ['docker', { podman: true }, /podman-docker/],
    ['docker', { rootless: true }, /context use default/],
    ['docker', { elsewhere: 'at ssh://nas' }, /context use default/],
    ['fence', { firewall: 'nftables' }, /firewall-backend/],
    ['fence', { firewall: 'nftables+firewalld' }, /firewall-backend/],
    ['fence', { dockerUserChain: false }, /"iptables": false/],
    ['tools', { missingTools: ['awk', 'tar'] }, /apt-get install/],
    ['netfilter', { bridgeNetfilter: false }, /modprobe br_netfilter/],
  ])('%s: %o is refused, with what to do instead', (id, fact, fix) => {
    const [refusal, ...others] = refusals({ ...good, ...fact });
    expect(others).toEqual([]);
    expect(refusal).toMatchObject({ id, fix: expect.stringMatching(fix) as string });
    expect(() => {
      refuse({ ...good, ...fact });
    }).toThrow(refusal?.what);
  });
});

describe('where the engine runs', () => {
  const here = { kernel: '6.12.43-amd64', hostname: 'desk', container: false };
  const local = {
    endpoint: 'unix:///var/run/docker.sock',
    operatingSystem: 'Debian',
    kernel: here.kernel,
    name: 'desk',
    here,
  };

  it.each([
    ['by its socket', {}],
    ['by a port of loopback', { endpoint: 'tcp://127.0.0.1:2375' }],
    ['by a socket of its own', { endpoint: 'unix:///run/user/1000/docker.sock' }],
    ['where nothing is told', { endpoint: '', operatingSystem: '', kernel: '', name: '' }],
    ['where Docker does not know its kernel', { kernel: '<unknown>' }],
    ['where the kernel has two numbers only', { kernel: '6.12.0-1-amd64', here: { ...here, kernel: '6.12-1-amd64' } }],
    ['where the machine was renamed', { name: 'table' }],
    ['in the same container', { here: { ...here, container: true } }],
  ])('is here: %s', (_, over) => {
    expect(engineElsewhere({ ...local, ...over })).toBeUndefined();
  });

  it.each([
    ['at ssh://nas', { endpoint: 'ssh://nas' }],
    ['at tcp://10.0.0.2:2376', { endpoint: 'tcp://10.0.0.2:2376' }],
    ["in Docker Desktop's virtual machine", { operatingSystem: 'Docker Desktop' }],
    ['on another kernel (6.10.14-linuxkit)', { kernel: '6.10.14-linuxkit' }],
    ['outside this container', { here: { ...here, hostname: '0c0e5ea66749', container: true } }],
  ])('is %s', (where, over) => {
    expect(engineElsewhere({ ...local, ...over })).toBe(where);
  });
});
