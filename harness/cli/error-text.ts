import { FiredrillError, oneLine } from '../model/errors.ts';

/** The line for an error: what, where, and the next command. The stack and its causes only when asked for. */
export function errorText(error: unknown, verbose: boolean): string {
  const hint = error instanceof FiredrillError && error.hint !== undefined ? `  ->  ${error.hint}` : '';
  const bug = error instanceof FiredrillError ? '' : 'this is a bug: ';
  const line = `firedrill: ${bug}${oneLine(error)}${hint}`;
  if (!verbose || !(error instanceof Error)) return line;
  const chain: string[] = [];
  for (let at: unknown = error; at instanceof Error && chain.length < 5; at = at.cause)
    chain.push(at.stack ?? at.message);
  return [line, ...chain].join('\n');
}
