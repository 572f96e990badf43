import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node, type YAMLMap } from 'yaml';
import { FiredrillError, oneLine } from '../model/errors.ts';
import { millis, type Millis } from '../model/units.ts';
import { formatDuration, parseDuration } from './durations.ts';
import { scaleExpression } from './promql.ts';

/*
 * Prometheus rule files. Whether one is sound is promtool's to say (`check.ts`); here only what testing needs is read of it.
 * Source: Prometheus, "Recording rules" and "Alerting rules".
 */

/** A rule of a file. Times in ms. */
export interface Rule {
  readonly kind: 'alert' | 'record';
  /** `alertname`, or the metric that is recorded. */
  readonly name: string;
  readonly expr: string;
  readonly forMs: Millis;
  readonly keepFiringForMs: Millis;
  /** What it puts on its alerts or series; may hold templates. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly file: string;
  readonly line: number;
  /** Its name, with its severity where another one of the file has that name, too. */
  readonly title: string;
}

/** Rules that are evaluated together, one after the other. */
export interface RuleGroup {
  readonly name: string;
  /** Absent: as often as the server's default says. */
  readonly intervalMs?: Millis;
  /** How far behind the evaluation it looks. */
  readonly offsetMs: Millis;
  readonly labels: Readonly<Record<string, string>>;
  readonly rules: readonly Rule[];
  readonly file: string;
}

const suffix = /\.(ya?ml|rules)$/;

/**
 * The rule files among these files and folders (folders in them, too), sorted. In folders only `.yaml`, `.yml` and `.rules` count, and
 * promtool's own test files (`*.test.yaml`) do not.
 * @throws FiredrillError `usage` for what is not there, and where there is none
 */
export function ruleFiles(paths: readonly string[]): readonly string[] {
  const files = paths.flatMap((path) => {
    let folder: boolean;
    try {
      folder = statSync(path).isDirectory();
    } catch (cause) {
      throw new FiredrillError('usage', `no rules at ${path}: ${oneLine(cause)}`, {
        hint: 'npm run firedrill -- alerts test manifests/rules',
        cause,
      });
    }
    if (!folder) return [path];
    const found = readdirSync(path, { recursive: true, encoding: 'utf8' })
      .filter((name) => suffix.test(name) && !/\.test\.ya?ml$/.test(name))
      .map((name) => join(path, name))
      .filter((file) => statSync(file).isFile());
    if (found.length === 0) {
      throw new FiredrillError('usage', `${path} has no rule files (*.yaml, *.yml, *.rules)`, {
        hint: 'npm run firedrill -- alerts test manifests/rules',
      });
    }
    return found;
  });
  return [...new Set(files)].sort();
}

/** A rule file as it stands. */
export function loadRules(file: string): readonly RuleGroup[] {
  return readRules(readFileSync(file, 'utf8'), file);
}

/**
 * The groups of a rule file's text.
 * @throws FiredrillError `usage` with file and line for what is not shaped as one
 */
export function readRules(text: string, file: string): readonly RuleGroup[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const lineOf = (node: unknown): number => {
    const range = isScalar(node) || isMap(node) || isSeq(node) ? node.range : undefined;
    return lines.linePos(range?.[0] ?? 0).line;
  };
  const refuse = (line: number, what: string): FiredrillError =>
    new FiredrillError('usage', `${file}:${line}: ${what}`, { hint: `promtool check rules ${file}` });
  const [error] = document.errors;
  if (error !== undefined) {
    throw refuse(error.linePos?.[0].line ?? 1, error.message.split('\n')[0]?.replace(/ at line .*$/, '') ?? '');
  }

  const list = (map: YAMLMap | Document, name: string, of: string): readonly YAMLMap[] => {
    const value = map.get(name, true) as Node | null | undefined;
    if (value === undefined || value === null || (isScalar(value) && value.value === null)) return [];
    if (!isSeq(value)) throw refuse(lineOf(value), `${name} must be a list of ${of}`);
    return value.items.map((item) => {
      if (!isMap(item)) throw refuse(lineOf(item), `${name} must be a list of ${of}`);
      return item;
    });
  };
  const scalar = (map: YAMLMap, name: string): string | undefined => {
    const value: unknown = map.get(name);
    if (value === undefined || value === null) return undefined;
    return typeof value === 'string' ? value : JSON.stringify(value);
  };
  const time = (map: YAMLMap, name: string): Millis | undefined => {
    const value = scalar(map, name);
    if (value === undefined) return undefined;
    const ms = parseDuration(value);
    if (ms === undefined) throw refuse(lineOf(map.get(name, true)), `${name}: ${value} is not a duration like 5m`);
    return ms;
  };
  const texts = (map: YAMLMap, name: string): Readonly<Record<string, string>> => {
    const value: unknown = map.get(name, true);
    if (!isMap(value)) return {};
    return Object.fromEntries(
      value.items.map(({ key, value: item }) => [
        String(isScalar(key) ? key.value : key),
        isScalar(item) ? String(item.value) : '',
      ]),
    );
  };

  if (document.contents !== null && !isMap(document.contents)) throw refuse(1, 'is not a rule file: it has no groups');
  const groups = list(document, 'groups', 'rule groups');
  if (groups.length === 0) throw refuse(1, 'is not a rule file: it has no groups');
  const read = groups.map((group): RuleGroup => {
    const intervalMs = time(group, 'interval');
    return {
      name: scalar(group, 'name') ?? '',
      ...(intervalMs === undefined || intervalMs === 0 ? {} : { intervalMs }),
      offsetMs: time(group, 'query_offset') ?? millis(0),
      labels: texts(group, 'labels'),
      file,
      rules: list(group, 'rules', 'rules').map((rule): Rule => {
        const alert = scalar(rule, 'alert');
        const name = alert ?? scalar(rule, 'record');
        if (name === undefined) throw refuse(lineOf(rule), 'a rule needs a name: alert or record');
        const expr = scalar(rule, 'expr');
        if (expr === undefined) throw refuse(lineOf(rule), `${name} has no expr`);
        return {
          kind: alert === undefined ? 'record' : 'alert',
          name,
          expr: expr.trim(),
          forMs: time(rule, 'for') ?? millis(0),
          keepFiringForMs: time(rule, 'keep_firing_for') ?? millis(0),
          labels: { ...texts(group, 'labels'), ...texts(rule, 'labels') },
          annotations: texts(rule, 'annotations'),
          file,
          line: lineOf(rule),
          title: name,
        };
      }),
    };
  });
  const names = read.flatMap(({ rules }) => rules.map(({ name }) => name));
  const isAlone = (name: string): boolean => names.indexOf(name) === names.lastIndexOf(name);
  return read.map((group) => ({
    ...group,
    rules: group.rules.map((rule) => {
      const { severity } = rule.labels;
      return isAlone(rule.name) || severity === undefined ? rule : { ...rule, title: `${rule.name} (${severity})` };
    }),
  }));
}

/**
 * A rule file over times that are `factor` as long: each group's interval and offset, each `for` and `keep_firing_for`, and every time in an expression
 * (`scaleExpression`). Comments and order stay. What comes out is what a shortened profile runs.
 * @throws FiredrillError `usage` for a file that cannot be read, and for a time that cannot be shortened
 */
export function scaleRules(text: string, factor: number, file: string): string {
  if (factor === 1) return text;
  readRules(text, file);
  const document = parseDocument(text);
  const time = (map: YAMLMap, name: string): void => {
    const ms = parseDuration((map.get(name) as string | undefined) ?? '');
    if (ms !== undefined && ms > 0) map.set(name, formatDuration(ms * factor));
  };
  for (const group of (document.get('groups') as { items: YAMLMap[] }).items) {
    for (const name of ['interval', 'query_offset']) time(group, name);
    const rules = group.get('rules') as { items: YAMLMap[] } | null | undefined;
    for (const rule of rules?.items ?? []) {
      for (const name of ['for', 'keep_firing_for']) time(rule, name);
      const expr = rule.get('expr', true);
      if (isScalar(expr)) expr.value = scaleExpression(String(expr.value), factor);
    }
  }
  return document.toString({ lineWidth: 0 });
}

/** The same of rules that were read: what `scaleRules` makes of their text, at the lines where they stand. */
export function scaleGroups(groups: readonly RuleGroup[], factor: number): readonly RuleGroup[] {
  if (factor === 1) return groups;
  const time = (ms: Millis): Millis => millis(Math.round(ms * factor));
  return groups.map(({ intervalMs, ...group }) => ({
    ...group,
    ...(intervalMs === undefined ? {} : { intervalMs: time(intervalMs) }),
    offsetMs: time(group.offsetMs),
    rules: group.rules.map((rule) => ({
      ...rule,
      expr: scaleExpression(rule.expr, factor),
      forMs: time(rule.forMs),
      keepFiringForMs: time(rule.keepFiringForMs),
    })),
  }));
}
