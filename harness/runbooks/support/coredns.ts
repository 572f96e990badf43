import { look, until } from '../../model/define.ts';
import type { UntilStep } from '../../model/step.ts';
import { seconds } from '../../model/units.ts';

const kubectl = 'kubectl -n kube-system';

/** Where the copies of CoreDNS are. */
export const seeCoredns = look('see where it is', 'workstation', `${kubectl} get pods -l k8s-app=kube-dns -o wide`);

/** Waits until a rollout of CoreDNS is over. */
export const corednsRolledOut = (name: string): UntilStep =>
  until(name, 'workstation', `${kubectl} rollout status deployment coredns --timeout=5s`, seconds(60));

/** Waits until the cluster's DNS has somebody to answer. */
export const oneCorednsReady = until(
  'wait until one of them is ready',
  'workstation',
  `[ -n "$(${kubectl} get endpointslices -l k8s-app=kube-dns -o jsonpath='{.items[*].endpoints[?(@.conditions.ready==true)].addresses[0]}')" ]`,
  seconds(60),
);
