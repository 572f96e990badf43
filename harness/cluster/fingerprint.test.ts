import { describe, expect, it } from 'vitest';
import { fakeCluster } from '../../test/support/fake-cluster.ts';
import { differences, objectLines, takeFingerprint } from './fingerprint.ts';

const signal = new AbortController().signal;
const pod = (over: { uid?: string; restarts?: number; image?: string; namespace?: string; status?: object } = {}) => ({
  kind: 'Pod',
  metadata: {
    name: 'p',
    namespace: over.namespace ?? 'a',
    uid: over.uid ?? 'u1',
    annotations: { noise: Math.random() },
  },
  spec: { image: over.image ?? 'i' },
  status: { containerStatuses: [{ restartCount: over.restarts ?? 0 }], ...over.status },
});

describe('objectLines', () => {
  const [line] = objectLines([pod()]);
  it('does not see what changes by itself', () => {
    expect(objectLines([pod({ status: { podIP: '10.0.0.9' } })])).toEqual([line]);
    expect(objectLines([pod({ namespace: 'canary' })])).toEqual([]);
  });
  it.each([{ uid: 'u2' }, { restarts: 1 }, { image: 'other' }])('sees %j', (over) => {
    expect(objectLines([pod(over)])).not.toEqual([line]);
  });
});

describe('takeFingerprint', () => {
  it('is of nodes, objects and data, and tells what differs in words', async () => {
    const files = { '/etc/cni/net.d/10-flannel.conflist': 'aa' };
    let items = [pod()];
    const cluster = fakeCluster({
      exec: ({ on, command }) => {
        if (on !== 'workstation') {
          return Object.entries(files)
            .map(([file, sum]) => `content of ${file}\t${sum}`)
            .join('\n');
        }
        return command.includes('state.sh') ? 'documents\t1133' : JSON.stringify({ items });
      },
    });
    const before = await takeFingerprint(cluster, '/w/state.sh', signal);
    expect(differences(before, await takeFingerprint(cluster, '/w/state.sh', signal))).toEqual([]);
    Object.assign(files, { '/etc/cni/net.d/10-flannel.conflist': 'bb', '/etc/cni/net.d/99-planted': 'cc' });
    items = [];
    expect(differences(before, await takeFingerprint(cluster, undefined, signal))).toEqual([
      ...cluster.nodes.flatMap(({ name }) => [
        `${name}: content of /etc/cni/net.d/10-flannel.conflist was aa, is bb`,
        `${name}: content of /etc/cni/net.d/99-planted is new (cc)`,
      ]),
      'Pod a/p is gone',
      'data: documents is gone',
    ]);
  });
  it('is none when a node does not answer', async () => {
    const cluster = fakeCluster({ exec: ({ on }) => (on === 'workstation' ? '{"items":[]}' : 1) });
    await expect(takeFingerprint(cluster, undefined, signal)).rejects.toThrow(/no fingerprint of/);
  });
});
