import { join } from 'node:path';
import { distributions } from '../distributions/all.ts';
import type { Distribution } from '../model/distribution.ts';
import { FiredrillError } from '../model/errors.ts';
import type { ClaimedRunbook } from '../model/runbook.ts';
import type { Existence, Scenario } from '../model/scenario.ts';
import { codeExistence, idsOf, scenarioDir } from './load-code.ts';
import { isOutageFile, outageFileIn, ownOutage } from './own.ts';
import { flagsOf } from './kinds.ts';
import { didYouMeanOneOf } from './suggest.ts';

/** Ids of all scenarios: the files' names, sorted. A file is all it takes to add one. */
export const scenarioIds = (dir: string = scenarioDir()): readonly string[] =>
  [...idsOf(dir, 'ts'), ...idsOf(dir, 'yaml')].sort();

/**
 * A scenario by the name of its file, with the runbooks that exist on the distribution. `usage` when there is none, when the file cannot be loaded or
 * exports none, and when the outage does not exist there.
 */
export async function loadScenario(
  id: string,
  dir: string = scenarioDir(),
  distribution: Distribution = distributions.kubeadm,
): Promise<Scenario> {
  const there = await loadExistence(id, dir, distribution);
  if ('scenario' in there) return there.scenario;
  throw new FiredrillError('usage', `there is no ${id} on ${distribution.name}: ${there.why}`, {
    hint: `npm run firedrill -- list ${flagsOf(distribution.name)}`,
  });
}

/**
 * A scenario and the first distribution on which it exists, in the order of `all`. `usage` as `loadScenario`, and when it exists on none.
 */
export async function loadAnywhere(
  id: string,
  dir: string = scenarioDir(),
  all: readonly Distribution[] = Object.values(distributions),
): Promise<{ readonly scenario: Scenario; readonly distribution: Distribution }> {
  const reasons: string[] = [];
  for (const distribution of all) {
    const there = await loadExistence(id, dir, distribution);
    if ('scenario' in there) return { scenario: there.scenario, distribution };
    reasons.push(there.why);
  }
  throw new FiredrillError('usage', `there is no ${id} on any distribution: ${reasons.join('; ')}`);
}

/** The names of all alerts that name the cause of one of our outages: in another outage they are a wrong diagnosis. */
export async function alertsThatNameCauses(): Promise<ReadonlySet<string>> {
  const all = await Promise.all(scenarioIds().map((id) => loadAnywhere(id)));
  return new Set(all.flatMap(({ scenario }) => (scenario.rightAlerts ?? []).map(({ alertname }) => alertname)));
}

/**
 * What there is of a scenario on a distribution: one of the folder's by its name, or the outage in a YAML file. `usage` when there is no such
 * scenario, or its file cannot be loaded or holds none.
 */
export async function loadExistence(asked: string, dir: string, distribution: Distribution): Promise<Existence> {
  if (isOutageFile(asked)) return await ownOutage(asked, distribution, dir);
  const ids = scenarioIds(dir);
  if (!ids.includes(asked)) {
    throw new FiredrillError('usage', `unknown scenario "${asked}"${didYouMeanOneOf(asked, ids)}`, {
      hint: 'npm run firedrill -- list',
    });
  }
  const file = outageFileIn(dir, asked);
  return file === undefined
    ? await codeExistence(join(dir, `${asked}.ts`), distribution)
    : await ownOutage(file, distribution, dir);
}

/** A runbook of a scenario by its id. */
export function findRunbook(scenarioId: string, scenario: Scenario, id: string): ClaimedRunbook {
  const found = scenario.runbooks.find((claimed) => claimed.runbook.id === id);
  if (found === undefined) {
    const known = scenario.runbooks.map((claimed) => claimed.runbook.id);
    throw new FiredrillError('usage', `unknown runbook "${id}" of ${scenarioId}${didYouMeanOneOf(id, known)}`, {
      hint: `npm run firedrill -- describe ${scenarioId}`,
    });
  }
  return found;
}

/** Says so when a scenario has no such detector. */
export function requireDetector(scenarioId: string, scenario: Scenario, id: string): void {
  const known = scenario.detectors.map((detector) => detector.id);
  if (!known.includes(id)) {
    throw new FiredrillError('usage', `unknown detector "${id}" of ${scenarioId}${didYouMeanOneOf(id, known)}`, {
      hint: `npm run firedrill -- describe ${scenarioId}`,
    });
  }
}
