import type { Collateral, Harm } from '../../model/record.ts';
import { countOf, humanDuration } from '../../model/units.ts';
import type { Checker, Trial } from '../checker.ts';
import type { Stored, TrialLog } from '../log.ts';
import type { Observation } from '../observation.ts';
import { stillDown } from '../outages.ts';
import { badTime } from '../sli.ts';
import { list } from '../words.ts';

interface CollateralDetail {
  readonly counts: Collateral;
  /** Names of the objects outside the blast radius that are gone and have no successor of the same owner. */
  readonly lostOutside: readonly string[];
}

type Item = Stored<'inventory'>['objects'][number];

/** What was hit outside the blast radius, whether it came back or not. */
export const collateral: Checker<CollateralDetail> = {
  name: 'collateral',
  check: ({ log, observation }) => {
    const value = collateralOf(log, observation);
    const { restarts, deleted, bystanderBadMs } = value.counts;
    const hit = [
      ...(restarts > 0 ? [countOf(restarts, 'restart')] : []),
      ...(deleted > 0 ? [`${countOf(deleted, 'object')} deleted`] : []),
      ...(bystanderBadMs > 0 ? [`bystanders down for ${humanDuration(bystanderBadMs)}`] : []),
    ];
    return hit.length === 0
      ? { verdict: 'good', says: 'nothing outside the blast radius was hit', value }
      : { verdict: 'bad', says: `outside the blast radius: ${list(hit)}`, value };
  },
};

/**
 * What the runbook left worse than it had found it; nothing when it changed nothing, for then whatever happened is the
 * fault's own doing. Harm is what lasts: an SLI (a bystander's or another) without an outage until the first changing command that is in
 * an outage at the end, or an object outside the blast radius that is gone without a successor. What was hit and came back is collateral,
 * which is counted beside the outcome: a reinstall that takes a bystander down for a minute is costly, not useless.
 */
export const harm: Checker<Harm> = {
  name: 'harm',
  check: (trial) => {
    if (trial.mitigation === undefined) return undefined;
    const value = {
      slis: slisLost(trial, trial.mitigation.startMs),
      objects: trial.found(collateral)?.lostOutside ?? [],
    };
    const words = harmWords(value);
    return words.length === 0
      ? { verdict: 'good', says: 'nothing is worse than before the runbook', value }
      : { verdict: 'bad', says: list(words), value };
  },
};

function slisLost({ log, observation, slis }: Trial, mitigationStartMs: number): readonly string[] {
  return slis
    .filter(({ sli }) => observation.control || !log.started.breaks.includes(sli.sli))
    .filter(({ outages }) => {
      const [first] = outages;
      return first !== undefined && first.overdueMs >= mitigationStartMs && stillDown(outages);
    })
    .map(({ sli }) => sli.sli);
}

/** Harm in clauses, none where there is none. */
export function harmWords({ slis, objects: [first, ...others] }: Harm): readonly string[] {
  const more = others.length > 0 ? ` and ${others.length} more` : '';
  return [
    ...slis.map((sli) => `${sli} was good before the runbook and no longer is`),
    ...(first === undefined ? [] : [`${first}${more} outside the blast radius gone`]),
  ];
}

/**
 * Compares what existed before the fault with what exists at the end. An object is deleted when its uid is gone, also when
 * one of the same name took its place; restarts are counted for objects that lived through it. What the harness deleted for
 * its own durability check is not the runbook's doing.
 */
function collateralOf(log: TrialLog, observation: Observation): CollateralDetail {
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
    counts: { ...changes, deleted, bystanderBadMs },
    lostOutside: lostOutside.sort(),
  };
}

/** How many objects of the same owner there are outside the blast radius. */
const ownedBy = (inventory: Stored<'inventory'>, object: Item): number =>
  inventory.objects.filter((o) => !o.inside && o.owner === object.owner).length;

/** Whether the durability check deleted an object. Logs of older versions name it only in a sentence, as its first word. */
const isOwn = ({ deletedUid, detail }: Stored<'durability'>, { uid, name }: Item): boolean =>
  deletedUid === undefined ? detail.startsWith(`${name} `) : deletedUid === uid;
