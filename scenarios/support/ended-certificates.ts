import type { Distribution } from '../../harness/model/distribution.ts';

const api = ['api-read', 'api-write'] as const;

/**
 * The SLIs of the API when every certificate has ended. k3s answers users with a certificate that it keeps valid by itself: whoever has credentials
 * is answered.
 */
export const apiOfEnded = ({
  certificates,
}: Pick<Distribution, 'certificates'>): { readonly fails: readonly string[]; readonly holds: readonly string[] } =>
  certificates === 'k3s' ? { fails: [], holds: api } : { fails: api, holds: [] };
