import type { Runner } from '../host/run.ts';
import { FiredrillError, oneLine } from '../model/errors.ts';

/** What promtool has against a rule file. */
export interface Refusal {
  readonly file: string;
  /** Absent where promtool does not say. */
  readonly line?: number;
  readonly why: string;
}

/** `a.yaml:5: group "a", rule 1, …`. */
export const refusalText = ({ file, line, why }: Refusal): string =>
  `${file}${line === undefined ? '' : `:${line}`}: ${why}`;

/** What `promtool check rules` printed on stderr, of the files that it was given. */
export function refusalsIn(stderr: string, files: readonly string[]): readonly Refusal[] {
  const out: Refusal[] = [];
  let file: string | undefined;
  for (const text of stderr.split('\n')) {
    const named = files.find((each) => text.startsWith(`${each}: `));
    const rest = named === undefined ? text.trim() : text.slice(named.length + 2);
    if (named !== undefined) file = named;
    const place = /^(?:line )?(\d+):(?:\d+:)? (.*)$/.exec(rest);
    if (file === undefined || rest === '' || /^FAILED|^yaml: unmarshal errors:$/.test(rest)) continue;
    if (named === undefined && place === null) continue;
    out.push({ file, ...(place === null ? {} : { line: Number(place[1]) }), why: oneLine(place?.[2] ?? rest) });
  }
  return out;
}

/**
 * Has promtool check rule files.
 * @throws FiredrillError `usage` with file and line of the first thing that it refuses, and how many more there are
 */
export async function checkRules(
  runner: Pick<Runner, 'run'>,
  promtool: string,
  files: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  const done = await runner.run(promtool, ['check', 'rules', '--lint=none', ...files], { signal, timeoutMs: 120_000 });
  if (done.ok) return;
  const refusals = refusalsIn(done.stderr, files);
  const [first, ...more] = refusals;
  const what =
    first === undefined ? `promtool refuses the rules: ${oneLine(done.stderr || done.stdout)}` : refusalText(first);
  throw new FiredrillError('usage', `${what}${more.length === 0 ? '' : ` (and ${more.length} more)`}`, {
    hint: `${promtool} check rules ${first?.file ?? files.join(' ')}`,
  });
}
