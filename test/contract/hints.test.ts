import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { processOutput } from '../../harness/cli/output.ts';
import { makeProgram } from '../../harness/cli/program.ts';

const root = join(import.meta.dirname, '..', '..');
const program = makeProgram(
  {
    output: processOutput({}),
    env: {},
    signal: new AbortController().signal,
    lendInterrupts: () => () => undefined,
    ignoreSignals: () => undefined,
  },
  () => undefined,
);
const commands = program.commands.map((command) => command.name());

/** Two commands are nouns as well: "a firedrill run" is no command line. */
const verbs = commands.filter((name) => name !== 'run' && name !== 'report').join('|');
const short = new RegExp(`firedrill (?:${verbs})\\b`, 'g');
/** What follows may be a flag, or be filled in. */
const unknown = new RegExp(
  String.raw`npm run (?:-s )?firedrill(?! -- (?:(?:${commands.join('|')})\b|--|\$\{|<))[^\s'"]*(?: -- \w+)?`,
  'g',
);

/** Commands in a text that cannot be typed as they stand there. */
const wrongIn = (text: string): readonly string[] =>
  [...text.matchAll(short), ...text.matchAll(unknown)].map(([said]) => said);

/** The lines of the product that are no comments. */
const files = ['harness', 'bin', 'scenarios'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:ts|mjs)$/.test(name) && !name.includes('.test.'))
    .map((name) => `${folder}/${name}`),
);
const codeOf = (file: string): string =>
  readFileSync(join(root, file), 'utf8')
    .split('\n')
    .filter((line) => !/^\s*(?:\*|\/\*|\/\/)/.test(line))
    .join('\n');

describe('commands that messages and hints tell to type', () => {
  it('can be typed in a checkout as they stand there', () => {
    const found = files.flatMap((file) => wrongIn(codeOf(file)).map((said) => `${file}: ${said}`));
    expect(found).toEqual([]);
  });

  it.each([
    ["hint: 'firedrill doctor; --open-fence'", ['firedrill doctor']],
    ['npm run firedrill clean', ['npm run firedrill', 'firedrill clean']],
    ['npm run firedrill -- cleanse', ['npm run firedrill -- cleanse']],
    ['npm run firedrill -- clean --kept', []],
    ['of a firedrill run', []],
  ])('of %s', (text, wrong) => {
    expect([...wrongIn(text)].sort()).toEqual([...wrong].sort());
  });
});
