import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Runner } from '../host/run.ts';
import { FiredrillError, oneLine } from '../model/errors.ts';
import { startServer } from './server.ts';
import type { Tools } from './tools.ts';

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
 * Has promtool check rule files, or, where there is none, the server.
 * @throws FiredrillError `usage` with file and line of the first thing that is refused, and how many more there are
 */
export async function checkRules(
  runner: Pick<Runner, 'run'>,
  { promtool, prometheus }: Pick<Tools, 'promtool' | 'prometheus'>,
  files: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  const said =
    promtool === undefined
      ? await saidByServer(prometheus, files, signal)
      : await saidByPromtool(runner, promtool, files, signal);
  if (said === undefined) return;
  const refusals = refusalsIn(said, files);
  const [first, ...more] = refusals;
  const what = first === undefined ? `Prometheus refuses the rules: ${oneLine(said)}` : refusalText(first);
  throw new FiredrillError('usage', `${what}${more.length === 0 ? '' : ` (and ${more.length} more)`}`, {
    hint: `promtool check rules ${first?.file ?? files.join(' ')}`,
  });
}

/** What promtool has against them; undefined for nothing. */
async function saidByPromtool(
  runner: Pick<Runner, 'run'>,
  promtool: string,
  files: readonly string[],
  signal?: AbortSignal,
): Promise<string | undefined> {
  const args = ['check', 'rules', '--lint=none', ...files];
  const done = await runner.run(promtool, args, { signal, timeoutMs: 120_000 });
  return done.ok ? undefined : done.stderr || done.stdout;
}

/** The same of a server, which does not start with rules that it cannot load. It calls them by their whole paths. */
async function saidByServer(
  prometheus: string,
  files: readonly string[],
  signal?: AbortSignal,
): Promise<string | undefined> {
  const data = await mkdtemp(join(tmpdir(), 'firedrill-check-'));
  try {
    const server = await startServer(prometheus, data, { lookbackMs: 300_000, rules: files }, signal);
    await server.stop();
    return undefined;
  } catch (error) {
    const log = error instanceof FiredrillError ? String(error.cause) : '';
    const errors = [...log.matchAll(/ err="((?:[^"\\]|\\.)*)"/g)].map(
      ([, text = '']) => JSON.parse(`"${text}"`) as string,
    );
    const told = errors.filter((text) => files.some((file) => text.startsWith(`${resolve(file)}: `)));
    if (told.length === 0) throw error;
    return told
      .map((text) => files.reduce((line, file) => line.replace(`${resolve(file)}: `, `${file}: `), text))
      .join('\n');
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}
