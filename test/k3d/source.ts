import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/**
 * Holds what test/contract/k3d.yaml says of k3d against a clone of its source, at the release that it names:
 * `node --import tsx test/k3d/source.ts <clone of github.com/k3d-io/k3d, or its .git>`. By hand, when k3d has released.
 */

interface Fact {
  readonly of: string;
  readonly file: string;
  readonly says: string;
}

const [, , clone = ''] = process.argv;
const { k3d, facts } = parse(readFileSync(join(import.meta.dirname, '../contract/k3d.yaml'), 'utf8')) as {
  readonly k3d: string;
  readonly facts: readonly Fact[];
};
const files = new Map<string, string>();
const textOf = (file: string): string => {
  const known = files.get(file);
  if (known !== undefined) return known;
  const text = execFileSync('git', ['-C', clone, 'show', `${k3d}:${file}`], { encoding: 'utf8', maxBuffer: 2 ** 26 });
  // Go aligns what stands in columns.
  files.set(file, text.replace(/[ \t]+/g, ' '));
  return files.get(file) ?? '';
};
const untold = facts.filter(({ file, says }) => !textOf(file).includes(says.replace(/[ \t]+/g, ' ')));
for (const { of, file, says } of untold) process.stdout.write(`${file} of ${k3d} does not say (${of}): ${says}\n`);
process.stdout.write(`${facts.length - untold.length} of ${facts.length} facts stand in the source of k3d ${k3d}\n`);
process.exitCode = untold.length === 0 ? 0 : 1;
