import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { exitCodes, FiredrillError, oneLine } from '../../model/errors.ts';
import type { CommandContext } from '../context.ts';
import { isName, nameFrom, schemaPath } from '../../own/names.ts';
import { projectRoot } from '../load-code.ts';

/** What can be begun, and the ending of its file. */
export const skeletons = { outage: 'yaml', runbook: 'md', scenario: 'ts', fault: 'ts', slis: 'yaml' } as const;
export type Skeleton = keyof typeof skeletons;

/** What to type next. */
const next: Readonly<Record<Skeleton, (file: string) => string>> = {
  outage: (file) => `npm run scenario ${file}`,
  runbook: (file) => `npm run scenario cni-wipe -- --runbook wait,${file}`,
  scenario: (file) => `npm run scenario ${file}`,
  fault: (file) => `npm run firedrill -- validate ${file}`,
  slis: (file) => `npm run scenario cni-wipe -- --workload ./manifests --slis ${file}`,
};

/**
 * `new <outage|runbook|scenario|fault|slis> <name>`: writes one that runs, to be changed. Nothing is overwritten.
 * @throws FiredrillError `usage` for a bad name, or a file that is there
 */
export function begin(context: CommandContext, what: Skeleton, name: string): number {
  if (!isName(name))
    throw new FiredrillError('usage', `new: ${name} is no name: lower-case letters, digits and dashes`, {
      hint: `npm run firedrill -- new ${what} ${nameFrom(name) || 'ours'}`,
    });
  const file = `./${name}.${skeletons[what]}`;
  const path = resolve(file);
  if (existsSync(path))
    throw new FiredrillError('usage', `new: ${file} is there already`, {
      hint: `npm run firedrill -- new ${what} ${name}-2`,
    });
  const template = readFileSync(join(projectRoot, 'harness', 'own', 'templates', `${what}.${skeletons[what]}`), 'utf8');
  try {
    writeFileSync(path, editorLine(what, path) + template.replaceAll('NAME', name), { flag: 'wx' });
  } catch (error) {
    throw new FiredrillError('usage', `new: cannot write ${file}: ${oneLine(error)}`, { cause: error });
  }
  context.output.result(`${file} is written. Change it, then: ${next[what](file)}`);
  return exitCodes.done;
}

/** Tells an editor's YAML language server how the file may go on. Nothing for what is no YAML. */
const editorLine = (what: Skeleton, path: string): string =>
  skeletons[what] === 'yaml'
    ? `# yaml-language-server: $schema=${relative(dirname(path), join(projectRoot, schemaPath(what)))}\n`
    : '';
