import { kubeadm } from '../../harness/distributions/kubeadm.ts';

/**
 * Arguments for factories that need more than a distribution and that no scenario uses yet. A part that a scenario uses needs no
 * entry: the scenario's own value is tested.
 */
export const samples: Readonly<Record<string, readonly unknown[]>> = {
  'node-check': [kubeadm, 'check_dnat_rules'],
  'addresses-leaked': [kubeadm, { nodes: 'workers' }],
};
