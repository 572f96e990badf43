import { readFileSync } from 'node:fs';

/**
 * A script of `shell/`, where shellcheck reads it, as it is handed to a shell: the values of its variables stand in front of it.
 *
 * @param values what `: "${name:?}"` in the script asks for, by name; any text
 */
export function shellScript(file: string, values: Readonly<Record<string, string | number>> = {}): string {
  const set = Object.entries(values).map(
    ([name, value]) => `${name}='${String(value).replaceAll("'", String.raw`'\''`)}'\n`,
  );
  return set.join('') + readFileSync(new URL(`shell/${file}`, import.meta.url), 'utf8');
}
