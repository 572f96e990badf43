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
 * its own durability check is not the runbook's doing.
 */
export function collateralOf(log: TrialLog, observation: Observation): CollateralDetail {
  const inventories = log.of('inventory');
  const before = inventories.find((i) => i.when === 'before');
  const after = inventories.findLast((i) => i.when === 'after');
  const checks = log.of('durability');
  const changes = { restarts: 0, restartsInside: 0, deletedInside: 0 };
  let deleted = 0;
  const lostOutside: string[] = [];
  if (before !== undefined && after !== undefined) {
    const now = new Map<string, Item>(after.objects.map((o) => [o.uid, o]));
    for (const object of before.objects) {
      const same = now.get(object.uid);
      if (same === undefined) {
        if (checks.some((check) => isOwn(check, object))) continue;
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

/** Whether the durability check deleted an object. Logs of older versions name it only in a sentence, as its first word. */
const isOwn = ({ deletedUid, detail }: Stored<'durability'>, { uid, name }: Item): boolean =>
  deletedUid === undefined ? detail.startsWith(`${name} `) : deletedUid === uid;
