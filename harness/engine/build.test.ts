import { expect, it } from 'vitest';
import { FakeCluster } from '../../test/support/fake-cluster.ts';
import { act } from '../model/define.ts';
import { buildOf } from './build.ts';

const never = new AbortController().signal;

it('is nothing for a scenario that builds nothing', () => {
  expect(buildOf()).toEqual({});
  expect(buildOf([])).toEqual({});
});

it('runs the steps in order, and has another key when one of them is another', async () => {
  const cluster = new FakeCluster();
  const steps = [act('a quota', 'control-plane', 'smaller quota'), act('an agent', 'workers', 'install agent')];
  const { build } = buildOf(steps);
  await build?.run(cluster, never);
  expect(cluster.calls.map(({ command }) => command)).toEqual(['smaller quota', 'install agent', 'install agent']);
  expect(buildOf(steps).build?.key).toBe(build?.key);
  expect(buildOf(steps.slice(1)).build?.key).not.toBe(build?.key);
});

it('says which step failed, and what it said', async () => {
  const cluster = new FakeCluster({
    exec: ({ command }) => (command === 'two' ? { exitCode: 1, stdout: '', stderr: 'no such agent' } : ''),
  });
  const steps = ['one', 'two', 'three'].map((command) => act(`step ${command}`, 'control-plane', command));
  await expect(buildOf(steps).build?.run(cluster, never)).rejects.toThrow(
    /could not be built: step two on control-plane: .*no such agent/,
  );
  expect(cluster.calls.map(({ command }) => command)).toEqual(['one', 'two']);
});
