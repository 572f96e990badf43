import { isMap, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import { FiredrillError } from '../model/errors.ts';

type Path = readonly PropertyKey[];

/** A YAML file that a user wrote, as its schema reads it. */
export interface YamlFile<T> {
  readonly value: T;
  /** What is wrong at a place in it, with line and column, to be thrown. */
  readonly problem: (path: Path, what: string, hint?: string) => FiredrillError;
}

/** Where something begins: a key where there is one, for that is what a reader looks for. */
function offsetOf(document: Document, path: Path): number {
  let offset = 0;
  let node: unknown = document.contents;
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
      if (pair === undefined) break;
      if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else {
      const item = document.getIn([...path.slice(0, path.indexOf(key) + 1)], true);
      node = item;
    }
    const range = (node as { readonly range?: readonly number[] } | null)?.range;
    if (typeof key === 'number' && range !== undefined) offset = range[0] ?? offset;
  }
  return offset;
}

/**
 * Reads a file that a user wrote.
 * @param name its name, which messages begin with
 * @throws FiredrillError `usage`: the first thing that is wrong, with line, column and what was expected
 */
export function readYaml<S extends z.ZodType>(
  text: string,
  name: string,
  schema: S,
  hint: string,
): YamlFile<z.output<S>> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const told = (offset: number, what: string, next = hint): FiredrillError => {
    const { line, col } = lines.linePos(offset);
    return new FiredrillError('usage', `${name}:${line}:${col}: ${what}`, { hint: next });
  };
  const [broken] = document.errors;
  if (broken !== undefined) throw told(broken.pos[0], `not YAML: ${broken.message}`);
  const problem = (path: Path, what: string, next?: string) =>
    told(offsetOf(document, path), `${path.length === 0 ? '' : `${path.map(String).join('.')} `}${what}`, next);
  const read = schema.safeParse(document.toJS() as unknown, { reportInput: true });
  if (read.success) return { value: read.data, problem };
  const [issue] = read.error.issues;
  if (issue === undefined) throw problem([], 'cannot be read');
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    throw told(offsetOf(document, [...issue.path, key]), `unknown key \`${key}\``);
  }
  const missing = issue.code !== 'custom' && issue.input === undefined;
  throw problem(issue.path, missing ? 'is missing' : issue.message.replace(/^Invalid (input|option): /, 'is wrong: '));
}
