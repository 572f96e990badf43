import type { DistributionName } from '../model/distribution.ts';
import { FiredrillError } from '../model/errors.ts';
import { collect, oneOf } from './options.ts';

/** What users choose a cluster by: what its nodes run, and who makes them. */
export const distributionWords = ['kubeadm', 'k3s'] as const;
export const providerWords = ['kind', 'k3d'] as const;
type DistributionWord = (typeof distributionWords)[number];
type ProviderWord = (typeof providerWords)[number];

const kinds: Readonly<
  Record<DistributionName, { readonly distribution: DistributionWord; readonly provider: ProviderWord }>
> = {
  kubeadm: { distribution: 'kubeadm', provider: 'kind' },
  k3s: { distribution: 'k3s', provider: 'kind' },
  k3d: { distribution: 'k3s', provider: 'k3d' },
};

/** The two flags as they are given, each once or as a list. */
export interface KindFlags {
  readonly distribution: readonly DistributionWord[];
  readonly provider: readonly ProviderWord[];
}

/** One word, or several in the order in which they are compared. */
const wordsOf =
  <T extends string>(flag: string, words: readonly [T, ...T[]], example: T) =>
  (value: string): readonly T[] => {
    const list = collect(value).map((word) => oneOf(flag, word, words));
    if (list.length === 0)
      throw new FiredrillError('usage', `${flag} ${JSON.stringify(value)}: must be one of ${words.join(', ')}`, {
        hint: `for example: ${flag} ${example}`,
      });
    return list;
  };
export const distributionsOf = wordsOf('--distribution', distributionWords, 'k3s');
export const providersOf = wordsOf('--provider', providerWords, 'k3d');

/**
 * Each distribution by each provider that can make its nodes, in the order of the flags.
 * @throws FiredrillError `usage` when one that was named is left without the other
 */
export function kindsOf({ distribution, provider }: KindFlags): readonly [DistributionName, ...DistributionName[]] {
  const all = Object.entries(kinds) as [DistributionName, (typeof kinds)[DistributionName]][];
  const found = distribution.flatMap((runs) =>
    provider.flatMap((by) => all.filter(([, kind]) => kind.distribution === runs && kind.provider === by)),
  );
  for (const by of provider)
    if (!found.some(([, kind]) => kind.provider === by)) {
      const others = all.flatMap(([, kind]) => (kind.provider === by ? [kind.distribution] : []));
      throw new FiredrillError('usage', `--provider ${by} makes no nodes for ${distribution.join(', ')}`, {
        hint: `--provider ${by} --distribution ${others.join(',')}`,
      });
    }
  for (const runs of distribution)
    if (!found.some(([, kind]) => kind.distribution === runs))
      throw new FiredrillError('usage', `--distribution ${runs} is not made by ${provider.join(', ')}`, {
        hint: all.flatMap(([name, kind]) => (kind.distribution === runs ? [flagsOf(name)] : [])).join(', or '),
      });
  const [first = 'kubeadm', ...others] = found.map(([name]) => name);
  return [first, ...others];
}

/** One, where a command takes one. */
export const kindOf = (distribution: DistributionWord, provider: ProviderWord): DistributionName =>
  kindsOf({ distribution: [distribution], provider: [provider] })[0];

/** By which flags one gets it; a name that nobody can ask for is the distribution's own. */
export function flagsOf(name: string): string {
  const { distribution, provider } = new Map<string, { readonly distribution: string; readonly provider: string }>(
    Object.entries(kinds),
  ).get(name) ?? { distribution: name, provider: 'kind' };
  return [`--distribution ${distribution}`, ...(provider === 'kind' ? [] : [`--provider ${provider}`])].join(' ');
}

/** The same of several that are run side by side. */
export function flagsOfAll(names: readonly DistributionName[]): string {
  const words = (flag: 'distribution' | 'provider') => [...new Set(names.map((name) => kinds[name][flag]))].join(',');
  const provider = words('provider');
  return [`--distribution ${words('distribution')}`, ...(provider === 'kind' ? [] : [`--provider ${provider}`])].join(
    ' ',
  );
}
