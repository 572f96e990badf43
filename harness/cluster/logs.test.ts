import { expect, it } from 'vitest';
import { fakeCluster } from '../../test/support/fake-cluster.ts';
import { nodeLogs } from './logs.ts';

it('has what each node says since an instant, and says of a node that does not answer why', async () => {
  const cluster = fakeCluster({
    exec: ({ on }) =>
      on === 'fake-worker' ? { exitCode: 1, stderr: 'trying\ncontainer is not running\n' } : `log of ${on}`,
  });
  expect(await nodeLogs(cluster, 1_700_000_000_999, new AbortController().signal)).toEqual([
    { node: 'fake-control-plane', text: 'log of fake-control-plane' },
    { node: 'fake-worker', missing: 'container is not running (exit code 1)' },
    { node: 'fake-worker2', text: 'log of fake-worker2' },
  ]);
  expect(cluster.calls.every(({ command }) => command.startsWith("since='1700000000'\n"))).toBe(true);
});
