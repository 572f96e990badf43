import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { judge, type Facts } from './doctor.ts';
import { engine, good, machineOf } from '../../test/support/machines.ts';

/** The table of docs/where-it-works.md: what `doctor` and a run see on the machine of each line. */
const machines: Readonly<Record<string, Partial<Facts>>> = {
  'Linux on x86-64, cgroup v1, rootful Docker, images built here': {},
  'the same, images pulled from a registry on loopback': {},
  'the same, `kindest/node` as kind publishes it': {},
  'cgroup v2': { docker: { ...engine, cgroupVersion: '2' } },
  'Linux on arm64': { arch: 'arm64', docker: { ...engine, architecture: 'aarch64' } },
  "GitHub's hosted runners": { isRoot: false, dockerUserChain: 'forbidden' },
  'WSL 2 with a Docker engine of its own': {
    docker: { ...engine, kernel: '6.6.87.2-microsoft-standard-WSL2' },
    here: { ...good.here, kernel: '6.6.87.2-microsoft-standard-WSL2' },
  },
  'the real k3s (fetched, or `FIREDRILL_K3S`)': {},
  'k3d itself, `rancher/k3s`': {},
  'Kubernetes other than 1.34 (`--kubernetes`)': {},
  macOS: { platform: 'darwin', arch: 'arm64', docker: undefined },
  Windows: { platform: 'win32', docker: undefined },
  'an architecture other than x86-64 and arm64': { arch: 'riscv64', docker: { ...engine, architecture: '' } },
  "Node.js for a different architecture than the engine's": { docker: { ...engine, architecture: 'aarch64' } },
  'podman as `docker`': { docker: undefined, dockerInstalled: false, podman: true },
  "a user without access to Docker's socket": { docker: undefined, isRoot: false, forbidden: true },
  'rootless Docker': { docker: { ...engine, rootless: true } },
  "Docker Desktop's engine, on Linux or in WSL 2": {
    endpoint: 'unix:///home/me/.docker/desktop/docker.sock',
    docker: { ...engine, operatingSystem: 'Docker Desktop', kernel: '6.10.14-linuxkit', name: 'docker-desktop' },
  },
  'a remote engine: `DOCKER_HOST`, a context, a virtual machine': { endpoint: 'ssh://me@nas' },
  "a container with the machine's Docker socket": { here: { ...good.here, hostname: '0c0e5ea66749', container: true } },
  "Docker's nftables backend": { docker: { ...engine, firewall: 'nftables' } },
  'Docker without iptables': { dockerUserChain: 'absent' },
  'a kernel without br_netfilter': { bridgeNetfilter: false },
  'awk, grep, sed, tar or the like missing': { missingTools: ['awk'] },
  'less available memory than the outage needs': { availableBytes: 1.5 * 2 ** 30 },
  'fewer free inotify instances than a cluster needs': { inotify: { limit: 128, used: 70 } },
  'too little free disk': { dockerFreeBytes: 4e9 },
};

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'where-it-works.md'), 'utf8');
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(2)
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, machine = '', verdict = '', instead = '']) => ({ machine, verdict, instead }));

describe('the table of where it works', () => {
  it('has a line for each machine that is told apart here, and no other', () => {
    expect(rows.map(({ machine }) => machine)).toEqual(Object.keys(machines));
    expect(new Set(rows.map(({ verdict }) => verdict))).toEqual(new Set(['works', 'untested', 'refused']));
  });

  it.each(rows)('$machine: $verdict', async ({ machine, verdict, instead }) => {
    const facts = { ...good, ...machines[machine] };
    const failing = judge(facts).filter(({ status }) => status === 'fail');
    const { ready, log } = machineOf(facts);
    if (verdict !== 'refused') {
      expect(failing).toEqual([]);
      expect(await ready()).toMatchObject({ how: 'running' });
      return;
    }
    expect(failing.map(({ fix }) => fix)).not.toContain(undefined);
    const error: unknown = await ready().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'environment', hint: expect.stringMatching(/./) as string });
    expect(log, 'nothing is started, made or installed').toEqual([]);
    // Every command that the line gives is given there, too.
    const { hint = '' } = error as { hint?: string };
    for (const [, command = ''] of instead.matchAll(/`([^`]+)`/g)) expect(hint).toContain(command);
  });
});
