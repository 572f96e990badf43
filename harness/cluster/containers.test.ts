import { describe, expect, it } from 'vitest';
import { containersOf, killNode, dockerLeftovers, removeNodes } from './containers.ts';
import type { Docker } from './docker.ts';

const signal = new AbortController().signal;

describe('dockerLeftovers', () => {
  const outputs: readonly [RegExp, string][] = [
    [
      /^ps -a --no-trunc/,
      'i1\tfiredrill-r1-t1-worker\tfiredrill-r1-t1\tr1\ni2\tk6\t\tr1\ni3\tx\tsomebody-elses\tr9\ni4\tfiredrill-r1-t1-worker2\tfiredrill-r1-t1\tr1',
    ],
    [/^volume ls/, ''],
    [/^network ls --filter label=firedrill.run/, 'firedrill-r1-t1\tr1\nmine\tr1'],
    [/^network ls --filter label=firedrill.helper/, 'firedrill-r1-t1\tnode:1'],
    [/^images -q --filter reference=firedrill/, 'img1'],
    [/^images -q node:1/, 'img2'],
    [/^run .*--network=host/, 'firedrill-r1-t1\nfiredrill-r0-t1'],
    [/^ps -aq/, 'i1\ni4'],
  ];
  const docker = (calls: string[]): Docker => {
    return (args) => {
      const call = args.join(' ');
      calls.push(call);
      return Promise.resolve(outputs.find(([pattern]) => pattern.test(call))?.[1] ?? '');
    };
  };

  it('finds clusters, containers, networks and fences that carry our label and name', async () => {
    expect(await dockerLeftovers(docker([])).list(signal)).toEqual([
      { kind: 'container', name: 'k6', runId: 'r1' },
      { kind: 'cluster', name: 'firedrill-r1-t1', runId: 'r1' },
      { kind: 'network', name: 'firedrill-r1-t1', runId: 'r1' },
      { kind: 'fence', name: 'firedrill-r1-t1', runId: 'r1' },
      { kind: 'fence', name: 'firedrill-r0-t1', runId: undefined },
    ]);
  });

  it('removes a cluster by our label only, and a fence by the image that put it up', async () => {
    const calls: string[] = [];
    const provider = dockerLeftovers(docker(calls));
    await provider.delete({ kind: 'cluster', name: 'firedrill-r1-t1', runId: 'r1' }, signal);
    expect(calls).toContain('ps -aq --no-trunc --filter label=firedrill.cluster=firedrill-r1-t1');
    expect(calls).toContain('rm -f -v i1 i4');
    await provider.delete({ kind: 'fence', name: 'firedrill-r1-t1', runId: 'r1' }, signal);
    expect(calls.at(-1)).toContain(' node:1 ');
  });

  it('is content when the thing was gone already, and not when Docker fails', async () => {
    const gone = dockerLeftovers(() => Promise.reject(new Error('Error: No such container: k6')));
    await gone.delete({ kind: 'container', name: 'k6', runId: 'r1' }, signal);
    const broken = dockerLeftovers(() => Promise.reject(new Error('permission denied')));
    await expect(broken.delete({ kind: 'container', name: 'k6', runId: 'r1' }, signal)).rejects.toThrow(/permission/);
  });

  it('thaws what is frozen in a node that cannot be killed, and tries again', async () => {
    const calls: string[] = [];
    let frozen = true;
    const stuck: Docker = (args, options) => {
      const call = args.join(' ');
      calls.push(call);
      // Docker takes away the one that ends, and knows nothing of it any more.
      if (call.startsWith('ps -aq')) return Promise.resolve(calls.length === 1 ? 'i1\ni4' : 'i4');
      if (call.startsWith('inspect'))
        return call.includes('i4') ? Promise.resolve('node:1') : Promise.reject(new Error('No such object: i1'));
      if (call.includes('/sys/fs/cgroup:/cgroup')) {
        expect(options?.input).toMatch(/i4[^]*THAWED/);
        frozen = false;
      }
      return frozen && call.startsWith('rm ')
        ? Promise.reject(new Error('cannot remove - tried to kill container, but did not receive an exit event'))
        : Promise.resolve('');
    };
    await removeNodes(stuck, 'firedrill-r1-t1');
    expect(calls.filter((call) => call.startsWith('rm '))).toEqual(['rm -f -v i1 i4', 'rm -f -v i4']);
  });

  it('cuts the power of a node that is off, or frozen, and says so when Docker fails', async () => {
    const calls: string[] = [];
    const says = (error: string | undefined, docker: Docker = () => Promise.resolve('')): Docker => {
      let first = true;
      return (args, options) => {
        calls.push(args.join(' '));
        if (args[0] !== 'kill' || !first || error === undefined) return docker(args, options);
        first = false;
        return Promise.reject(new Error(error));
      };
    };
    await killNode(says('Cannot kill container: n1: container 1f is not running'), 'n1');
    expect(calls).toEqual(['kill --signal KILL n1']);
    await expect(killNode(says('permission denied'), 'n1')).rejects.toThrow(/permission/);
    calls.length = 0;
    const frozen = says('tried to kill container, but did not receive an exit event', (args, options) => {
      if (options?.input !== undefined) expect(options.input).toMatch(/1f[^]*THAWED/);
      return Promise.resolve(args.includes('{{.Id}}') ? '1f' : 'node:1');
    });
    await killNode(frozen, 'n1');
    expect(calls.map((call) => call.split(' ')[0])).toEqual(['kill', 'inspect', 'inspect', 'run', 'kill']);
  });
});

it("finds a cluster's containers by our label, with their full ids", async () => {
  const calls: string[] = [];
  const docker: Docker = (args) => {
    calls.push(args.join(' '));
    return Promise.resolve('i1\n\ni2\n');
  };
  expect(await containersOf(docker, 'firedrill-r1-t1', signal)).toEqual(['i1', 'i2']);
  expect(calls).toEqual(['ps -aq --no-trunc --filter label=firedrill.cluster=firedrill-r1-t1']);
});
