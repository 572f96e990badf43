import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { grouped } from '../../model/grouped.ts';
import { shortenedBy, type Profile } from '../../model/profile.ts';
import { selectorsOf } from '../promql.ts';
import { readRules, ruleFiles, scaleRules } from '../rules.ts';
import type { RuleSet } from './rule-set.ts';

/** What `--rules stock` stands for. */
const stockRules = fileURLToPath(new URL('../../../manifests/rules', import.meta.url));

/** The files behind what was asked for. */
export const rulePaths = (asked: readonly string[]): readonly string[] =>
  ruleFiles(asked.map((one) => (one === 'stock' ? stockRules : one)));

/**
 * The rules of files and folders, with the times of a profile.
 * @param asked `stock`, or a path
 * @throws FiredrillError `usage` with file and line for what cannot be read
 */
export function loadRuleSet(asked: readonly string[], profile: Pick<Profile, 'scrapeMs'>): RuleSet {
  const paths = rulePaths(asked);
  const read = paths.map((path) => {
    const text = scaleRules(readFileSync(path, 'utf8'), 1 / shortenedBy(profile), path);
    return { path, text, rules: readRules(text, path).flatMap((group) => group.rules) };
  });
  const rules = read.flatMap((one) => one.rules);
  const selectors = rules.flatMap(({ expr }) => selectorsOf(expr));
  const recorded = new Set(rules.flatMap(({ kind, name }) => (kind === 'record' ? [name] : [])));
  const metrics = new Set(selectors.flatMap(({ metric }) => metric ?? []).filter((name) => !recorded.has(name)));
  return {
    from: [...asked],
    files: uniqueNames(read.map(({ path }) => basename(path))).map((name, i) => ({ name, text: read[i]?.text ?? '' })),
    alerts: rules.filter(({ kind }) => kind === 'alert').map(({ name, forMs, labels }) => ({ name, forMs, labels })),
    // A selector without a name may read anything.
    ...(selectors.some(({ metric }) => metric === undefined) ? {} : { metrics: [...metrics].sort() }),
  };
}

/** Files of one name, from several folders, side by side in one. */
function uniqueNames(names: readonly string[]): readonly string[] {
  const count = new Map<string, number>();
  for (const [name, all] of grouped(names, (one) => one)) count.set(name, all.length);
  return names.map((name, i) => ((count.get(name) ?? 0) > 1 ? `${i}-${name}` : name));
}
