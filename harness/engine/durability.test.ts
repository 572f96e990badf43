import { beforeEach, expect, it } from 'vitest';
import { fakeCluster, fakePod, type FakeCluster } from '../../test/support/fake-cluster.ts';
import { startClock } from './clock.ts';
import { checkDurability } from './durability.ts';

const never = new AbortController().signal;
let cluster: FakeCluster;
/** Whether something replaces what is deleted. */
let controlled = true;

beforeEach(() => {
  controlled = true;
  cluster = fakeCluster();
  const labels = { app: 'web' };
  cluster.api.podStates = [
    fakePod('a', 'web-1', { labels, node: 'worker', uid: 'u1' }),
    fakePod('a', 'web-2', { labels, node: 'worker2', uid: 'u2' }),
    fakePod('a', 'single', { labels: { app: 'single' }, node: 'worker', uid: 'u3' }),
    fakePod('kube-system', 'coredns-1', { labels: { app: 'dns' }, node: 'control-plane', uid: 'u4' }),
  ];
  const remove = cluster.api.deletePod.bind(cluster.api);
  cluster.api.deletePod = async (namespace, name, options) => {
    await remove(namespace, name, options);
    if (controlled) cluster.api.pushPod(fakePod(namespace, 'web-3', { labels, node: 'worker', uid: 'u5' }));
  };
});
const check = (...hit: string[]) => checkDurability(cluster, new Set(hit), startClock(), never, 600);

it('deletes a pod of a replicated service on a node that was hit, and sees its successor', async () => {
  expect(await check('worker2')).toEqual({
    type: 'durability',
    ok: true,
    deletedUid: 'u2',
    detail: 'a/web-2 deleted on worker2; web-3 ready on worker',
  });
});

it('takes any node when nothing of the services ran on those that were hit', async () => {
  expect(await check('control-plane')).toMatchObject({ ok: true });
  expect(cluster.api.deleted).toEqual([{ namespace: 'a', name: 'web-1', force: false }]);
});

it('fails when nothing takes its place, and when there is nothing that could be spared', async () => {
  controlled = false;
  expect(await check('worker')).toMatchObject({
    ok: false,
    detail: 'a/web-1 was deleted and not replaced within 0.6 s',
  });
  cluster.api.podStates = cluster.api.podStates.filter((pod) => pod.labels['app'] !== 'web');
  expect(await check('worker')).toMatchObject({ ok: false, detail: 'no ready pod of a replicated service' });
});
