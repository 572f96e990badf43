import { expect, it } from 'vitest';
import { grouped } from './grouped.ts';

it('keeps the order of the groups and of what is in them', () => {
  const words = ['pod', 'node', 'etcd', 'dns', 'kubelet', 'cni'];
  expect([...grouped(words, (word) => word.length)]).toEqual([
    [3, ['pod', 'dns', 'cni']],
    [4, ['node', 'etcd']],
    [7, ['kubelet']],
  ]);
  expect(grouped([], () => 0).size).toBe(0);
});
