import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { FakeCluster } from '../../../test/support/fake-cluster.ts';
import { installCommand, installOnNodes, removeCommand, removeFromNodes } from './on-nodes.ts';

const node = { name: 'firedrill-1-control-plane', role: 'control-plane' as const, address: '10.201.7.11' };
const { signal } = new AbortController();

/** The names of units that a command starts. */
const started = (command: string): readonly string[] =>
  /enable --quiet --now (.*)$/m.exec(command)?.[1]?.split(' ') ?? [];

describe('what runs on a node', () => {
  it('is an exporter, probes, and a way to what listens on loopback there', () => {
    expect(started(installCommand(node, true, ''))).toEqual([
      'firedrill-node-exporter.service',
      'firedrill-blackbox-exporter.service',
      ...[10249, 10257, 10259, 2381].map((port) => `firedrill-forward-${port}.socket`),
    ]);
    const worker = installCommand({ ...node, role: 'worker' }, true, '');
    expect(started(worker).filter((name) => name.includes('forward'))).toEqual(['firedrill-forward-10249.socket']);
    expect(started(installCommand(node, false, '')).join(' ')).not.toContain('2381');
  });

  it('listens on the address of the node alone, and passes on to loopback', () => {
    const command = installCommand(node, true, '');
    expect(command).toContain('ListenStream=10.201.7.11:10259\n');
    expect(command).toContain('systemd-socket-proxyd 127.0.0.1:10259\n');
    expect(command).toContain('--web.listen-address=10.201.7.11:9100 ');
  });

  it('is shell, and systemd gets each dollar sign of a pattern twice', () => {
    for (const command of [installCommand(node, true, 'modules: {}\n'), removeCommand])
      execFileSync('sh', ['-n'], { input: command });
    for (const line of installCommand(node, true, '')
      .split('\n')
      .filter((one) => one.startsWith('ExecStart='))) {
      expect(line.replaceAll('$$', '')).not.toContain('$');
    }
  });

  it('says when the node was booted, not the machine', () => {
    const line = /^ExecStartPre=\/bin\/sh -c '(.*)'$/m.exec(installCommand(node, true, ''))?.[1] ?? '';
    const said = execFileSync(
      'sh',
      [
        '-c',
        line.replaceAll('$$', '$').replaceAll('%%', '%').replaceAll('/run/firedrill', '/tmp/firedrill-boot') +
          '; cat /tmp/firedrill-boot/boot.prom; rm -r /tmp/firedrill-boot',
      ],
      { encoding: 'utf8' },
    );
    expect(said).toMatch(/^node_boot_time_seconds \d{10}\n$/);
    expect(installCommand(node, true, '')).toContain(
      '--no-collector.stat --collector.textfile.directory=/run/firedrill',
    );
  });

  it('is named with its node where it cannot be put there', async () => {
    const cluster = new FakeCluster({ exec: () => ({ exitCode: 1, stdout: '', stderr: 'no room' }) });
    const given = { docker: () => Promise.resolve(''), programs: [], etcd: true, blackboxConfig: '', signal };
    await expect(installOnNodes(cluster, given)).rejects.toThrow(/no exporters on .*control-plane: no room/);
  });

  it('is taken away from the nodes that answer', async () => {
    const asked: string[] = [];
    const cluster = new FakeCluster({
      exec: ({ on: name, command }) => {
        asked.push(name);
        if (name.endsWith('worker')) throw new Error('the node is off');
        expect(command).toBe(removeCommand);
        return '';
      },
    });
    await removeFromNodes(cluster, signal);
    expect(asked).toHaveLength(cluster.nodes.length);
  });
});
