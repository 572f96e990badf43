import { describe, expect, it } from 'vitest';
import type { ExecOptions, ExecResult } from '../../model/cluster.ts';
import type { Docker } from '../docker.ts';
import { kubeadmPlatform } from '../kubeadm/platform.ts';
import type { ClusterNetwork } from '../network.ts';
import type { NodeDisk, SnapshotDisks } from './disks.ts';
import { SnapshotUnusable, type Snapshot } from './snapshot.ts';
import { kubeconfigAt } from '../ports.ts';
import { startNodes } from './start.ts';

const asked = (port: number) => [
  '--volume',
  '/var',
  `--publish=127.0.0.1:0:${port}/TCP`,
  '--restart=on-failure:1',
  'kind:1',
];
const snapshot: Snapshot = {
  schemaVersion: 1,
  key: 'k',
  cluster: 'firedrill-a',
  subnet: '10.1.0.0/24',
  kubeconfig: 'server: https://127.0.0.1:1234\n',
  epochMs: 0,
  pods: {},
  bytes: 1,
  base: { id: 'b', sha256: 's', bytes: 1 },
  nodes: [
    { name: 'first', image: 'image:0', sha256: '', asked: asked(6443) },
    { name: 'second', image: 'image:1', sha256: '', asked: asked(30080) },
  ],
};
const disk = (index: number): NodeDisk => ({ varDir: `/disks/${index}`, baseDir: '/base' });
const ok: ExecResult = { exitCode: 0, stdout: '', stderr: '' };

/** A machine whose disks are unpacked by `unpack`, and whose nodes answer by `exec`. */
function machine(
  unpack: SnapshotDisks['unpack'],
  exec: (node: string, command: string, options: ExecOptions) => Promise<ExecResult> = () => Promise.resolve(ok),
) {
  const calls: string[] = [];
  const docker: Docker = (args) => {
    if (args[0] === 'logs') return Promise.resolve('INFO: detected cgroup v1\nINFO: starting init');
    calls.push(args.join(' '));
    return Promise.resolve('');
  };
  const net = { name: 'n', nodeAddress: (index: number) => `10.1.0.${11 + index}` } as unknown as ClusterNetwork;
  const given = {
    cluster: { exec: (node: string, command: string, options: ExecOptions = {}) => exec(node, command, options) },
    spec: { name: 'firedrill-a', runId: 'r' },
    prepared: Promise.resolve({ net }),
    ports: new Map([
      [6443, 7001],
      [30080, 7002],
    ]),
    docker,
    disks: { unpack } as unknown as SnapshotDisks,
    platform: kubeadmPlatform,
  };
  return { calls, start: (signal = new AbortController().signal) => startNodes(snapshot, given, signal) };
}

/** Whether it only asks for systemd. */
const isLook = (command: string): boolean => command.startsWith('systemctl show');

/** Ends when it is told to, as a command in a node does. */
const untilCut = ({ signal }: ExecOptions): Promise<ExecResult> =>
  new Promise((resolve) =>
    signal?.addEventListener('abort', () => {
      resolve({ ...ok, exitCode: 130 });
    }),
  );

describe('startNodes', () => {
  it('starts each node when its disk is there, at its old address and on its own ports', async () => {
    let first: string[] = [];
    const { calls, start } = machine(async (_snapshot, _run, onDisk) => {
      onDisk(0, disk(0));
      await new Promise((resolve) => setImmediate(resolve));
      first = [...calls];
      onDisk(1, disk(1));
    });
    await start();
    expect(first).toHaveLength(1);
    expect(calls[0]).toMatch(
      /^run --ip 10\.1\.0\.11 .*\/disks\/0:\/var .*--publish=127\.0\.0\.1:7001:6443\/TCP .*image:0$/,
    );
    expect(calls[1]).toMatch(
      /^run --ip 10\.1\.0\.12 .*\/disks\/1:\/var .*--publish=127\.0\.0\.1:7002:30080\/TCP .*image:1$/,
    );
  });

  it('lets a node go when its systemd answers: its kubelet cannot be started before', async () => {
    const told: string[] = [];
    const { start } = machine(
      (_snapshot, _run, onDisk) => {
        onDisk(0, disk(0));
        return Promise.resolve();
      },
      (_node, command) => {
        told.push(isLook(command) ? 'look' : 'release');
        return Promise.resolve(told.length < 3 ? { ...ok, exitCode: 1, stderr: 'Failed to connect to bus' } : ok);
      },
    );
    await start();
    expect(told).toEqual(['look', 'look', 'look', 'release']);
  });

  it('tells that a disk is damaged, and does not wait for the nodes that were started before', async () => {
    const damaged = new SnapshotUnusable('damaged');
    const { start } = machine(
      async (_snapshot, _run, onDisk) => {
        onDisk(0, disk(0));
        await new Promise((resolve) => setImmediate(resolve));
        throw damaged;
      },
      (_node, _command, options) => untilCut(options),
    );
    await expect(start()).rejects.toBe(damaged);
  });

  it('does not use a snapshot again of which a node does not start', async () => {
    const { start } = machine(
      (_snapshot, _run, onDisk) => {
        onDisk(0, disk(0));
        return Promise.resolve();
      },
      (_node, command) => Promise.resolve(isLook(command) ? ok : { exitCode: 1, stdout: '', stderr: 'no such file' }),
    );
    const told = start();
    await expect(told).rejects.toBeInstanceOf(SnapshotUnusable);
    await expect(told).rejects.toThrow('in node first: no such file');
  });

  it('does not blame the snapshot for an abort', async () => {
    const stop = new AbortController();
    const { start } = machine(
      (_snapshot, _run, onDisk) => {
        onDisk(0, disk(0));
        setImmediate(() => {
          stop.abort(new Error('stopped'));
        });
        return Promise.resolve();
      },
      (_node, _command, options) => untilCut(options),
    );
    await expect(start(stop.signal)).rejects.toThrow('stopped');
  });
});

describe('the port of a restored API server', () => {
  it("stands in its cluster's kubeconfig", () => {
    expect(kubeconfigAt(snapshot.kubeconfig, new Map([[6443, 7001]]))).toBe('server: https://127.0.0.1:7001\n');
  });
});
