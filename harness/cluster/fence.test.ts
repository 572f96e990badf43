import { describe, expect, it } from 'vitest';
import type { Docker } from './docker.ts';
import { dockerFence, fenceRules, fenceScripts } from './fence.ts';

describe('the fence', () => {
  it('drops what leaves by another interface and what the host has not asked for', () => {
    const rules = fenceRules('firedrill-a', 'fd-1');
    const rule = (family: string, chain: string) =>
      rules.find((r) => r.family === family && r.chain === chain)?.rule ?? '';
    expect(rule('v4', 'DOCKER-USER')).toMatch(/^-i fd-1 ! -o fd-1 .*-j DROP$/);
    expect(rule('v4', 'INPUT')).toMatch(/-i fd-1 -m conntrack ! --ctstate RELATED,ESTABLISHED .*-j DROP$/);
    expect(rule('v6', 'INPUT')).toMatch(/^-i fd-1 .*-j DROP$/);
    for (const r of rules) expect(r.rule).toContain('--comment firedrill:firedrill-a ');
  });

  it('refuses names that a shell would read as something else', () => {
    expect(() => fenceRules('a; rm -rf /', 'fd-1')).toThrow(/no fence/);
    expect(() => fenceRules('firedrill-a', 'fd-1; reboot')).toThrow(/no fence/);
    const never: Docker = () => Promise.reject(new Error('was run'));
    return expect(dockerFence(never, 'img').remove('$(reboot)')).rejects.toThrow(/no fence/);
  });

  it('installs each rule once: it asks before it inserts', () => {
    const lines = fenceScripts.install('firedrill-a', 'fd-1').split('\n');
    for (const { family, chain, rule } of fenceRules('firedrill-a', 'fd-1')) {
      expect(lines).toContain(`${family} -C ${chain} ${rule} 2>/dev/null || ${family} -I ${chain} 1 ${rule}`);
    }
  });

  it('removes by the whole name: firedrill-a is not firedrill-ab', () => {
    const pattern = /grep -E -- '([^']*)'/.exec(fenceScripts.remove('firedrill-a'))?.[1] ?? '';
    const regexp = new RegExp(pattern);
    expect(regexp.test('-A INPUT -i fd-1 -m comment --comment firedrill:firedrill-a -j DROP')).toBe(true);
    expect(regexp.test('-A INPUT -i fd-2 -m comment --comment firedrill:firedrill-ab -j DROP')).toBe(false);
  });

  it('runs in the host network by a container that goes away, and tells what failed', async () => {
    const calls: (readonly string[])[] = [];
    const docker: Docker = (args) => {
      calls.push(args);
      return Promise.resolve('yes');
    };
    expect(await dockerFence(docker, 'img').stands('firedrill-a', 'fd-1')).toBe(true);
    expect(calls[0]).toEqual(expect.arrayContaining(['run', '--rm', '--network=host', '--entrypoint', 'sh', 'img']));
    const broken: Docker = () => Promise.reject(new Error('exit 3: no chain'));
    await expect(
      dockerFence(broken, 'img').install('firedrill-a', 'fd-1', new AbortController().signal),
    ).rejects.toThrow(/firewall.*no chain/);
  });
});
