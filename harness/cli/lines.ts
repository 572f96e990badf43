import { existsSync, readFileSync } from 'node:fs';

/**
 * What a flag is given: words, or a file with one such on each line (`#` begins a comment).
 * @param parse makes a value of words; is told where they stand, for its error: the flag, or file and line
 */
export function eachLine<T>(flag: string, value: string, parse: (text: string, where: string) => T): readonly T[] {
  if (!existsSync(value)) return [parse(value.trim(), flag)];
  return readFileSync(value, 'utf8')
    .split('\n')
    .flatMap((line, i) => {
      const text = line.replace(/#.*/, '').trim();
      return text === '' ? [] : [parse(text, `${value}:${i + 1}`)];
    });
}
