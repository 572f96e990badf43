import type { Distribution } from '../../model/distribution.ts';

/** The last complaint of a node's kubelet about a name that its runtime holds; nothing when there was none lately. */
export const lastReservedName = (distribution: Distribution): string =>
  `${distribution.logs('kubelet', 400)} | grep -o 'name .* is reserved for.*' | tail -n 1 | cut -c1-200`;
