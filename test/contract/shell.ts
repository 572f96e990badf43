import { parse } from 'unbash';

/** Whatever has a `type` in unbash's tree, as JSON: there, unlike on the live nodes, every part is an own property. */
interface Node {
  readonly type: string;
  readonly name?: Node;
  readonly value?: string;
  readonly suffix?: readonly Node[];
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

function* nodesIn(value: unknown): Generator<Node> {
  if (typeof value !== 'object' || value === null) return;
  if (isNode(value)) yield value;
  for (const child of Object.values(value)) yield* nodesIn(child);
}

/** What `sh` does by itself. */
const builtins = new Set(
  ': . [ break cd command continue echo eval exec exit export false getopts kill local printf pwd read readonly return set shift test times trap true type ulimit umask unset wait'.split(
    ' ',
  ),
);

/** Programs that run the program which their arguments name, behind options, variables and numbers. */
const wrappers = new Set('command env exec nohup nsenter setsid time timeout unshare xargs'.split(' '));
const shells = new Set(['sh', 'bash', '/bin/sh', '/bin/bash']);

/** A program that a script starts, and its arguments as far as they are words. */
export type Call = readonly [program: string, ...args: (string | undefined)[]];

/** The programs that a shell script starts, by the words that name them; those that a variable names are left out. */
export const executables = (script: string): ReadonlySet<string> =>
  new Set(callsOf(script).map(([program]) => program));

/**
 * What a shell script starts, with the arguments.
 * @throws Error when the script cannot be read
 */
export function callsOf(script: string): readonly Call[] {
  const parsed = parse(script);
  const [problem] = parsed.errors ?? [];
  if (problem !== undefined) throw new Error(`cannot be read as shell: ${JSON.stringify(problem)} in ${script}`);
  const tree: unknown = JSON.parse(JSON.stringify(parsed));
  const found: Call[] = [];
  const functions = new Set<string>();
  const take = (words: readonly (string | undefined)[]): void => {
    const [name, ...args] = words;
    if (name === undefined || name === '' || name.includes('$') || name.includes('`')) return;
    found.push([name, ...args]);
    const rest = args.filter((arg) => arg === undefined || !/^-|^\w+=|^[\d.]+[smhd]?$/.test(arg));
    if (shells.has(name)) {
      const at = args.findIndex((arg) => arg !== undefined && /^-\w*c$/.test(arg));
      const inner = at < 0 ? undefined : args[at + 1];
      if (inner !== undefined) found.push(...callsOf(inner));
    } else if (wrappers.has(name)) take(rest);
  };
  for (const node of nodesIn(tree)) {
    if (node.type === 'Function' && node.name?.value !== undefined) functions.add(node.name.value);
    if (node.type !== 'Command' || node.name === undefined) continue;
    const words = (node.suffix ?? []).filter(({ type }) => type === 'Word');
    take([node.name.value, ...words.map(({ value }) => value)]);
  }
  return found.filter(([program]) => !builtins.has(program) && !functions.has(program));
}
