import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const dir = join(import.meta.dirname, '..', '..', 'manifests', 'checks');
let bin: string;
beforeAll(() => {
  bin = mkdtempSync(join(tmpdir(), 'checks-'));
});
afterAll(() => {
  rmSync(bin, { recursive: true });
});

const ago = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString().replace(/\.\d+/, '');
const minutesAgo = (each: readonly number[]): string => each.map((m) => `${ago(m)}\n`).join('');

/** Runs a check where these programs say these texts, or fail with `!` and what they say on stderr. */
function run(check: string, programs: Readonly<Record<string, string>>, args: readonly string[] = []) {
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const { status, stdout } = spawnSync('sh', [join(dir, check), ...args], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}` },
  });
  return { status, said: stdout };
}

const words = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'];
const says = (text: string): string => `cat <<'END'\n${text}END`;
const fails = "echo 'The connection to the server was refused' >&2; exit 1";
const kubectl = (pods: readonly number[], events: readonly number[]) => ({
  kubectl: `case "$*" in *' pods '*) ${says(minutesAgo(pods))}\n;; *) ${says(minutesAgo(events))}\n;; esac`,
});
const dns = (...pods: readonly string[]) => ({ kubectl: says(pods.map((pod) => `${pod}\n`).join('')) });
const sandboxes = (count: number, minutes: number) => ({
  kubectl: says(Array.from({ length: count }, (_, i) => `${ago(minutes)} a/web-${i}\n`).join('')),
});
const rules = (count: number) => ({
  'iptables-save': says('-A KUBE-SEP -j DNAT --to 10.0.0.1\n'.repeat(count) || '\n'),
});
const lines = (count: number) => ({ journalctl: says(`fine\n${'error: context canceled\n'.repeat(count)}`) });

type Case = readonly [
  check: string,
  code: number,
  programs: Readonly<Record<string, string>>,
  args?: readonly string[],
];
const cases: readonly Case[] = [
  ['check_k8s_scheduler_stall.sh', 0, kubectl([], [])],
  ['check_k8s_scheduler_stall.sh', 0, kubectl([2, 3], [])],
  ['check_k8s_scheduler_stall.sh', 1, kubectl([10], [1])],
  ['check_k8s_scheduler_stall.sh', 2, kubectl([10, 12], [])],
  ['check_k8s_scheduler_stall.sh', 2, kubectl([10], [30])],
  ['check_k8s_scheduler_stall.sh', 3, { kubectl: fails }],
  ['check_coredns_replicas.sh', 0, dns('a True', 'b True')],
  ['check_coredns_replicas.sh', 1, dns('a True', 'b False')],
  ['check_coredns_replicas.sh', 1, dns('a True', 'a True')],
  ['check_coredns_replicas.sh', 2, dns('a False')],
  ['check_coredns_replicas.sh', 3, { kubectl: fails }],
  ['check_sandbox_changed.sh', 0, sandboxes(20, 30)],
  ['check_sandbox_changed.sh', 0, { kubectl: 'true' }],
  ['check_sandbox_changed.sh', 1, sandboxes(6, 1)],
  ['check_sandbox_changed.sh', 2, sandboxes(11, 1)],
  ['check_sandbox_changed.sh', 3, { kubectl: fails }],
  ['check_dnat_rules.sh', 0, rules(3)],
  ['check_dnat_rules.sh', 1, rules(1)],
  ['check_dnat_rules.sh', 2, rules(0)],
  ['check_dnat_rules.sh', 3, { 'iptables-save': fails }],
  ['check_datastore_errors.sh', 0, lines(0), ['-u', 'k3s']],
  ['check_datastore_errors.sh', 1, lines(1), ['-u', 'k3s']],
  ['check_datastore_errors.sh', 2, lines(6), ['-u', 'k3s']],
  ['check_datastore_errors.sh', 3, { journalctl: fails }, ['-u', 'k3s']],
  ['check_datastore_errors.sh', 3, lines(0)],
];

describe('a node check', () => {
  it.each(cases.map(([check, code, programs, args = []]) => ({ check, code, programs, args })))(
    '$check ends with $code, and says so in one line',
    ({ check, code, programs, args }) => {
      const { status, said } = run(check, programs, args);
      expect([status, said.split(' ')[0]]).toEqual([code, words[code]]);
      expect(said.trimEnd().split('\n')).toHaveLength(1);
    },
  );

  it.each([
    [0, 400],
    [1, 20],
    [2, 3],
  ])('check_certificates.sh ends with %i for one that ends in %i days', (code, days) => {
    const file = join(bin, 'a.crt');
    const subject = ['-subj', '/CN=a', '-days', String(days), '-keyout', join(bin, 'a.key'), '-out', file];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject], { stdio: 'ignore' });
    const { status, said } = run('check_certificates.sh', {}, [bin]);
    expect([status, said]).toEqual([
      code,
      expect.stringMatching(new RegExp(`^${words[code] ?? ''} - .*a\\.crt ends in \\d+ days`)),
    ]);
    // By its name, too, whatever that ends in: a kubelet's ends in .pem.
    expect(run('check_certificates.sh', {}, [join(bin, 'none'), file]).status).toBe(code);
    rmSync(file);
  });
  it('check_certificates.sh does not know without one', () => {
    expect(run('check_certificates.sh', {}, [bin]).status).toBe(3);
  });

  it.each(readdirSync(dir).filter((name) => name.endsWith('.sh')))(
    '%s does not know what it was told otherwise',
    (check) => {
      const { status, said } = run(check, {}, ['-z']);
      expect([status, said]).toEqual([3, expect.stringMatching(/^UNKNOWN - usage: /)]);
    },
  );
});
