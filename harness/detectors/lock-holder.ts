import { lockHolders } from '../model/commands.ts';
import type { Detector } from '../model/detector.ts';
import type { Distribution } from '../model/distribution.ts';
import { humanDuration, millis } from '../model/units.ts';
import { askNode, looking } from './support/look.ts';

/**
 * Another process than the datastore's holds the write lock of its database, and held it at the look before: the kernel's list of locks has it,
 * whatever the API and the logs say.
 *
 * Source: k3s-io/k3s#8234 (the lock is "in a separate process"); proc_locks(5).
 *
 * @param options.expects regular expression of the right culprit's command line
 */
export function lockHolder(distribution: Distribution, options: { readonly expects: string }): Detector {
  return {
    id: 'lock-holder',
    title: "Somebody else holds the lock of the datastore's database",
    source: 'k3s-io/k3s#8234; /proc/locks',
    loop: (profile) =>
      `reads /proc/locks of the server every ${humanDuration(profile.scrapeMs)}; fires when it finds the same holder twice`,
    // The look under way at the onset was begun a period ago, and may still see it.
    leastTtdMs: () => millis(0),
    periodMs: (profile) => profile.scrapeMs,
    expects: options.expects,
    watch({ cluster, signal, now }, profile) {
      let before: readonly string[] = [];
      return looking(profile.scrapeMs, { now, signal }, async () => {
        const [controlPlane] = cluster.select('control-plane');
        const text = await askNode({ cluster, signal }, controlPlane?.name ?? '', lockHolders(distribution));
        const holders = text.split('\n').flatMap((line) => line.trim() || []);
        const held = holders.find((holder) => before.includes(holder));
        before = holders;
        return held === undefined ? undefined : `the database's lock is held by ${held}`;
      });
    },
  };
}
