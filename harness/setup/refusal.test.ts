import { describe, expect, it } from 'vitest';
import { refusals, refuse, type Machine } from './refusal.ts';

const good: Machine = {
  ...{ platform: 'linux', arch: 'x64', podman: false },
  ...{ engine: 'x86_64', rootless: false, bridgeNetfilter: true },
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
    ['netfilter', { bridgeNetfilter: false }, /modprobe br_netfilter/],
  ])('%s: %o is refused, with what to do instead', (id, fact, mend) => {
    const [refusal, ...others] = refusals({ ...good, ...fact });
    expect(others).toEqual([]);
    expect(refusal).toMatchObject({ id, mend: expect.stringMatching(mend) as string });
    expect(() => {
      refuse({ ...good, ...fact });
    }).toThrow(refusal?.what);
  });
});
