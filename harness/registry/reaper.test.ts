import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Leftover, Leftovers } from '../model/leftover.ts';
import { clean } from './reaper.ts';
import { readRuns, registerRun, type KeptCluster, type Resource } from './registry.ts';

let state = '';
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'firedrill-reaper-'));
});
afterEach(() => {
  rmSync(state, { recursive: true, force: true });
});

/** A Docker that holds what it is told; removing takes it out, or fails. */
class FakeDocker implements Leftovers {
  readonly things: Leftover[];
  readonly removed: string[] = [];
  readonly stuck: ReadonlySet<string>;
  constructor(things: readonly Leftover[], stuck: readonly string[] = []) {
    this.things = [...things];
    this.stuck = new Set(stuck);
  }
  list(): Promise<readonly Leftover[]> {
    return Promise.resolve([...this.things]);
  }
  delete(leftover: Leftover): Promise<void> {
    if (this.stuck.has(leftover.name)) return Promise.reject(new Error('device or resource busy'));
    this.removed.push(leftover.name);
    return Promise.resolve();
  }
}

function register(runId: string, resources: readonly Resource[], options: { dead: boolean; kept?: KeptCluster }): void {
  const run = registerRun({ runId, scenario: 's', runDir: '/r' }, state);
  for (const resource of resources) run.intend(resource);
  if (options.kept !== undefined) run.keep(options.kept);
  if (!options.dead) return;
  const path = join(state, 'runs', `${runId}.jsonl`);
  writeFileSync(path, readFileSync(path, 'utf8').replace(/"started":"[^"]*"/, '"started":"another boot/1"'));
}

const reap = (provider: Leftovers, options: { dryRun?: boolean; kept?: boolean } = {}) =>
  clean({ provider, dryRun: false, kept: false, ...options, signal: new AbortController().signal, state });

describe('clean', () => {
  it('removes what a dead run left, networks after what hangs on them, and forgets the run', async () => {
    register(
      'dead',
      [
        { kind: 'network', name: 'n' },
        { kind: 'cluster', name: 'c' },
      ],
      { dead: true },
    );
    const docker = new FakeDocker([
      { kind: 'network', name: 'n', runId: 'dead' },
      { kind: 'cluster', name: 'c', runId: 'dead' },
    ]);
    const report = await reap(docker);
    expect(docker.removed).toEqual(['c', 'n']);
    expect(report.removed.map((entry) => entry.name)).toEqual(['c', 'n']);
    expect(readRuns(state).runs).toEqual([]);
  });

  it('leaves what belongs to a live run', async () => {
    register('live', [{ kind: 'cluster', name: 'c' }], { dead: false });
    const docker = new FakeDocker([{ kind: 'cluster', name: 'c', runId: 'live' }]);
    const report = await reap(docker);
    expect(docker.removed).toEqual([]);
    expect(report.alive).toEqual([{ runId: 'live', pid: process.pid, scenario: 's' }]);
    expect(readRuns(state).runs[0]?.resources).toHaveLength(1);
  });

  it('leaves what no run of this registry made: it may be alive under another state folder', async () => {
    const docker = new FakeDocker([
      { kind: 'container', name: 'x', runId: 'somebody-elses' },
      { kind: 'network', name: 'y', runId: undefined },
    ]);
    const report = await reap(docker);
    expect(docker.removed).toEqual([]);
    expect(report.unknown.map((entry) => entry.name)).toEqual(['x', 'y']);
  });

  it('knows things without a label by their name in the registry', async () => {
    register('dead', [{ kind: 'fence', name: 'br-1' }], { dead: true });
    const docker = new FakeDocker([{ kind: 'fence', name: 'br-1', runId: undefined }]);
    await reap(docker);
    expect(docker.removed).toEqual(['br-1']);
  });

  it('leaves a kept cluster with its network, and removes the rest of its run; all of it when told', async () => {
    const config = join(state, 'kept');
    mkdirSync(config);
    register(
      'dead',
      [
        { kind: 'cluster', name: 'c-1' },
        { kind: 'network', name: 'c-1' },
        { kind: 'cluster', name: 'c-2' },
        { kind: 'dir', name: config },
      ],
      { dead: true, kept: { name: 'c-1', kubeconfig: join(config, 'kubeconfig') } },
    );
    const docker = new FakeDocker([
      { kind: 'cluster', name: 'c-1', runId: 'dead' },
      { kind: 'network', name: 'c-1', runId: 'dead' },
      { kind: 'cluster', name: 'c-2', runId: 'dead' },
    ]);
    const report = await reap(docker);
    expect(docker.removed).toEqual(['c-2']);
    expect(existsSync(config)).toBe(true);
    expect(report.kept).toEqual([{ name: 'c-1', runId: 'dead' }]);
    expect(readRuns(state).runs[0]?.resources.map((r) => `${r.kind} ${r.name}`)).toEqual([
      'cluster c-1',
      'network c-1',
      `dir ${config}`,
    ]);
    docker.removed.length = 0;
    await reap(docker, { kept: true });
    expect(docker.removed).toEqual(['c-1', 'c-2', 'c-1']);
    expect(existsSync(config)).toBe(false);
    expect(readRuns(state).runs).toEqual([]);
  });

  it('changes nothing as a dry run', async () => {
    const dir = join(state, 'work');
    mkdirSync(dir);
    register(
      'dead',
      [
        { kind: 'cluster', name: 'c' },
        { kind: 'dir', name: dir },
      ],
      { dead: true },
    );
    const docker = new FakeDocker([{ kind: 'cluster', name: 'c', runId: 'dead' }]);
    const report = await reap(docker, { dryRun: true });
    expect(report.removed.map((entry) => entry.name)).toEqual(['c', dir]);
    expect(docker.removed).toEqual([]);
    expect(existsSync(dir)).toBe(true);
    expect(readRuns(state).runs[0]?.resources).toHaveLength(2);
  });

  it('goes on after a failure, and remembers what is still there', async () => {
    register(
      'dead',
      [
        { kind: 'cluster', name: 'c' },
        { kind: 'network', name: 'n' },
      ],
      { dead: true },
    );
    const docker = new FakeDocker(
      [
        { kind: 'cluster', name: 'c', runId: 'dead' },
        { kind: 'network', name: 'n', runId: 'dead' },
      ],
      ['c'],
    );
    const report = await reap(docker);
    expect(docker.removed).toEqual(['n']);
    expect(report.failed).toMatchObject([{ name: 'c', why: 'device or resource busy' }]);
    expect(readRuns(state).runs[0]?.resources.map((resource) => resource.name)).toEqual(['c']);
  });

  it('forgets what was written down and never created', async () => {
    register('dead', [{ kind: 'cluster', name: 'never-made' }], { dead: true });
    const report = await reap(new FakeDocker([]));
    expect(report.removed).toEqual([]);
    expect(readRuns(state).runs).toEqual([]);
  });

  it('removes folders only where firedrill makes them', async () => {
    const own = mkdtempSync(join(tmpdir(), 'firedrill-reaped-'));
    const foreign = mkdtempSync(join(tmpdir(), 'somebody-'));
    register(
      'dead',
      [
        { kind: 'dir', name: own },
        { kind: 'dir', name: foreign },
        { kind: 'dir', name: state },
      ],
      { dead: true },
    );
    const report = await reap(new FakeDocker([]));
    expect(existsSync(own)).toBe(false);
    expect(existsSync(foreign)).toBe(true);
    expect(report.failed.map((entry) => entry.name)).toEqual([foreign, state]);
    rmSync(foreign, { recursive: true });
  });
});
