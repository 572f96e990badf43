import { FiredrillError } from '../model/errors.ts';
import type { Objective } from '../model/objective.ts';
import { durationOf } from '../model/units.ts';
import { eachLine } from './lines.ts';

/** An objective, and the scenario that it is for; undefined: the one that is run. */
export interface NamedObjective {
  readonly scenario?: string;
  readonly objective: Objective;
}

const example = "--objective 'cni-wipe: 5m, 0 rows'";

/**
 * `5m`, `5m, 0 rows` or `cni-wipe: 5m, 0 rows`; or a file with one a line (`#` begins a comment).
 * @throws FiredrillError `usage` with what was expected, and the line of a file
 */
export function objectivesOf(value: string): readonly NamedObjective[] {
  return eachLine('--objective', value, objectiveIn);
}

function objectiveIn(text: string, where: string): NamedObjective {
  const [, scenario, time = '', rows] = /^(?:([a-z0-9-]+):\s*)?([^,\s]+)(?:,\s*(\d+) rows?)?$/.exec(text.trim()) ?? [];
  const recoverMs = durationOf(time);
  if (recoverMs === undefined)
    throw new FiredrillError('usage', `${where}: ${JSON.stringify(text)} is no objective`, { hint: example });
  return {
    ...(scenario === undefined ? {} : { scenario }),
    objective: { recoverMs, ...(rows === undefined ? {} : { rows: Number(rows) }) },
  };
}

/**
 * The objective of a scenario among those that were given; the last one wins.
 * @throws FiredrillError `usage` where it is for longer than a trial is watched: nothing could be said of it
 */
export function objectiveFor(given: readonly NamedObjective[], id: string, horizonMs: number): Objective | undefined {
  const found = given.findLast(({ scenario }) => scenario === undefined || scenario === id)?.objective;
  if (found !== undefined && found.recoverMs > horizonMs) {
    const seconds = Math.ceil(found.recoverMs / 1000);
    throw new FiredrillError(
      'usage',
      `the objective of ${id} is ${seconds} s, and its trials are watched for ${Math.round(horizonMs / 1000)} s`,
      { hint: `--horizon ${seconds}s` },
    );
  }
  return found;
}
