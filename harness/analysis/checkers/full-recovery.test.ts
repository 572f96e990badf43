import { expect, it } from 'vitest';
import { missingFromHealth } from './full-recovery.ts';

const whole = {
  reachable: true,
  nodes: 3,
  nodesReady: 3,
  podsDesired: 20,
  podsReady: 20,
  pending: 0,
  terminating: 0,
};

it('a cluster is whole when everything was counted and is as it should be', () => {
  expect(missingFromHealth(whole)).toEqual([]);
  expect(missingFromHealth({ ...whole, podsReady: 21 })).toEqual([]);
});

it.each([
  [{ reachable: false }, ['the Kubernetes API does not answer']],
  [{ nodesReady: 2 }, ['2 of 3 nodes Ready']],
  [{ podsReady: 19, pending: 1 }, ['19 of 20 pods ready', '1 pod Pending']],
  [{ terminating: 2 }, ['2 pods Terminating']],
])('%j is not whole', (change, missing) => {
  expect(missingFromHealth({ ...whole, ...change })).toEqual(missing);
});

it('what was not counted is not taken for well, while a trial runs no more than in its report', () => {
  expect(missingFromHealth({ reachable: true })).toHaveLength(4);
  const { pending: _not, ...uncounted } = whole;
  expect(missingFromHealth(uncounted)).toEqual(['Pending pods were not counted']);
});
