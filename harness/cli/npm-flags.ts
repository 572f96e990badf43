import type { Command, Option } from 'commander';
import { collect } from './options.ts';

/**
 * `npm run scenario cni-wipe --trials 5`: npm takes `--trials` for one of its own settings, tells the script only by the
 * environment (`npm_config_trials=true`) and passes the 5 on as if it were a scenario (npm 10 and 11; npm 11 warns).
 * Guessing what was meant would run the wrong experiment for an hour, so the answer is the corrected line.
 */

/** Settings of npm and of its packages' builds: when they are set, nobody need have typed them here. */
const npmsOwn = ['verbose', 'arch'];

/** Whether a word could be this flag's value. What takes any text is not given numbers: they are some other flag's. */
function fits(option: Option, word: string): boolean {
  if (option.parseArg === undefined || option.parseArg === collect) return !/^\d+$/.test(word);
  try {
    option.parseArg(word, undefined);
    return true;
  } catch {
    return false;
  }
}

/** Every flag of the command line once, as the command that was typed declares it where it does. */
function optionsOf(program: Command, typed: string | undefined): readonly Option[] {
  const own = program.commands.filter((command) => command.name() === typed);
  const byName = new Map<string, Option>();
  for (const option of [...own, ...program.commands].flatMap((command) => command.options)) {
    if (!byName.has(option.name()) && !npmsOwn.includes(option.name())) byName.set(option.name(), option);
  }
  return [...byName.values()];
}

/**
 * The line that the user meant, or undefined when npm ate nothing.
 * @param argv arguments of the script, as npm passed them
 * @param scenarioNames names that are certainly no flag's value
 */
export function correctedLine(
  program: Command,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  scenarioNames: () => readonly string[],
): string | undefined {
  const script = env['npm_lifecycle_event'];
  // Flags of another package's script that calls firedrill are that script's affair.
  if (env['npm_package_name'] !== 'firedrill' || script === undefined) return undefined;
  const flags = optionsOf(program, argv[0]).flatMap((option) => {
    // Repeated flags arrive in one variable, separated by empty lines; `true` stands for "the value got lost".
    const given = env[`npm_config_${option.name().replace(/-/g, '_')}`] ?? '';
    if (given === '') return [];
    const values = option.isBoolean() ? [] : given.split('\n\n');
    const kept = values.filter((value) => value !== 'true');
    return [{ option, kept, lost: values.length - kept.length }];
  });
  if (flags.length === 0) return undefined;
  const scenarios = scenarioNames();

  // `npm run scenario` is `firedrill run`: the `run` is not the user's.
  const words = script === 'scenario' ? argv.slice(1) : [...argv];
  const loose = words.filter((word) => !scenarios.includes(word) && !(script === 'firedrill' && word === words[0]));
  const used: string[] = [];
  let ambiguous = false;
  const typed = flags.flatMap(({ option, kept, lost }) => {
    const name = `--${option.name()}`;
    if (option.isBoolean()) return [name];
    // Words that no other flag that lost its value could own: those could belong to either, and are not guessed at.
    const rivals = flags.filter((other) => other.option !== option && other.lost > 0);
    const found = loose
      .filter((word) => fits(option, word) && !rivals.some((rival) => fits(rival.option, word)))
      .slice(0, lost);
    used.push(...found);
    const missing = Array.from({ length: lost - found.length }, () => (option.optional ? '' : `<${option.name()}>`));
    ambiguous ||= missing.some((value) => value !== '');
    return [...kept, ...found, ...missing].map((value) => `${name} ${value}`.trimEnd());
  });
  // What could be the value of more than one flag must not stay behind as a scenario.
  const rest = words.filter((word) => {
    const at = used.indexOf(word);
    if (at >= 0) used.splice(at, 1);
    return at < 0 && !(ambiguous && loose.includes(word));
  });
  const line =
    script === 'firedrill'
      ? [`npm run ${script} --`, ...rest, ...typed]
      : [`npm run ${script}`, ...rest, '--', ...typed];
  return line.join(' ');
}
