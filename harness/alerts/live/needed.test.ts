import { expect, it } from 'vitest';
import { profiles } from '../../model/profile.ts';
import { loadRuleSet } from './load.ts';
import { neededCollectors, neededResources } from './needed.ts';

it('gathers what some rule reads, and everything where that is not known', () => {
  const metrics = ['up', 'node_boot_time_seconds', 'node_load1', 'node_scrape_collector_success', 'kube_pod_info'];
  expect(neededCollectors(metrics)).toEqual(['loadavg', 'textfile']);
  expect(neededResources([...metrics, 'kube_persistentvolumeclaim_info', 'kube_pod_owner'])).toEqual([
    'persistentvolumeclaims',
    'pods',
  ]);
  expect(neededCollectors([...metrics, 'node_ours_total'])).toBeUndefined();
  expect(neededResources([...metrics, 'kube_ours_info'])).toBeUndefined();
  for (const nothing of [undefined, ['up']]) {
    expect(neededCollectors(nothing)).toBeUndefined();
    expect(neededResources(nothing)).toBeUndefined();
  }
});

it('knows what the rules that come with firedrill need', () => {
  const { metrics } = loadRuleSet(['stock'], profiles.fast);
  expect(neededCollectors(metrics)).toContain('vmstat');
  expect(neededResources(metrics)).toEqual([
    'daemonsets',
    'deployments',
    'nodes',
    'persistentvolumes',
    'pods',
    'statefulsets',
  ]);
});
