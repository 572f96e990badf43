import type { Collateral } from '../model/record.ts';
import type { Stored, TrialLog } from './log.ts';
import type { Observation } from './observation.ts';
import { badTime } from './badness.ts';

export interface CollateralDetail {
  readonly collateral: Collateral;
  /** Names of the objects outside the blast radius that are gone and have no successor of the same owner. */
  readonly lostOutside: readonly string[];
}

type Item = Stored<'inventory'>['objects'][number];

/**
 * Compares what existed before the fault with what exists at the end. An object is deleted when its uid is gone, also when
 * one of the same name took its place; restarts are counted for objects that lived through it. What the harness deleted for
 * its own durability check (named in that event) is not the runbook's doing.
 */
export function collateralOf(log: TrialLog, observation: Observation): CollateralDetail {
  const inventories = log.of('inventory');
  const before = inventories.find((i) => i.when === 'before');
  const after = inventories.findLast((i) => i.when === 'after');
  const own = log.of('durability').map((d) => d.detail);
  const changes = { restarts: 0, restartsInside: 0, deletedInside: 0 };
  let deleted = 0;
  const lostOutside: string[] = [];
  if (before !== undefined && after !== undefined) {
    const now = new Map<string, Item>(after.objects.map((o) => [o.uid, o]));
    for (const object of before.objects) {
      const same = now.get(object.uid);
      if (same === undefined) {
        if (own.some((detail) => names(detail, object.name))) continue;
        if (object.inside) changes.deletedInside++;
        else {
          deleted++;
          if (ownedBy(after, object) < ownedBy(before, object)) lostOutside.push(object.name);
        }
        continue;
      }
      const restarts = Math.max(0, same.restarts - object.restarts);
      if (object.inside) changes.restartsInside += restarts;
      else changes.restarts += restarts;
    }
  }
  const bystanderBadMs = log.slis
    .filter((s) => s.bystander)
    .reduce((sum, s) => sum + badTime(s.samples, s.periodMs, observation.fromMs, observation.toMs), 0);
  return {
    collateral: { ...changes, deleted, bystanderBadMs },
    lostOutside: lostOutside.sort(),
  };
}

/** How many objects of the same owner there are outside the blast radius. */
const ownedBy = (inventory: Stored<'inventory'>, object: Item): number =>
  inventory.objects.filter((o) => !o.inside && o.owner === object.owner).length;

/** Whether a sentence names an object as a word of its own (`web-1` is not named by `web-10`). */
function names(sentence: string, object: string): boolean {
  const short = object.split('/').at(-1) ?? object;
  return sentence.split(/[^\w./-]+/).some((word) => {
    const bare = word.replace(/[.]+$/, '');
    return bare === object || bare === short || bare.split('/').at(-1) === short;
  });
}
