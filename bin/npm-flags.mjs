/**
 * `npm run scenario cni-wipe --trials 5`: npm takes `--trials` for one of its own settings, tells the script only by the
 * environment (`npm_config_trials=true`) and passes the 5 on as if it were a scenario (npm 10 and 11; npm 11 warns).
 * Guessing what was meant would run the wrong experiment for an hour, so the answer is the corrected line.
 */

/** Flags with a value, and what their values look like; `undefined` for booleans. */
export const knownFlags = {
  runbook: /^[a-z][\w,-]*$/,
  controls: /^(healthy|on-healthy|wait|harness-undo|delayed)(,[a-z-]+)*$/,
  trials: /^\d+$/,
  parallel: /^\d+$/,
  seed: /^\d+$/,
  profile: /^(stock|fast)$/,
  trigger: /^(oracle|detector:.+)$/,
  keep: /^(never|on-failure|always)$/,
  images: /^(auto|pull|build)$/,
  reporter: /^(live|plain|jsonl|silent)$/,
  out: /./,
  horizon: /^\d+(s|m|h)?$/,
  timeout: /^\d+(s|m|h)?$/,
  'dry-run': undefined,
  'open-fence': undefined,
  fresh: undefined,
  json: undefined,
  kept: undefined,
  snapshots: undefined,
  unit: undefined,
  cluster: undefined,
  check: undefined,
};

/** Of these the ones that need none. */
const valueIsOptional = new Set(['controls']);

/**
 * The line that the user meant, or undefined when npm ate nothing.
 * @param {readonly string[]} argv arguments of the script, as npm passed them
 * @param {Record<string, string | undefined>} env
 * @param {readonly string[]} scenarios names that are certainly no flag's value
 * @returns {string | undefined}
 */
export function correctedLine(argv, env, scenarios) {
  // Flags of another package's script that calls firedrill are that script's affair.
  if (env.npm_package_name !== 'firedrill' || env.npm_lifecycle_event === undefined) return undefined;
  const eaten = Object.keys(knownFlags).filter((flag) => (env[`npm_config_${flag.replace(/-/g, '_')}`] ?? '') !== '');
  if (eaten.length === 0) return undefined;

  const script = env.npm_lifecycle_event;
  // `npm run scenario` is `firedrill run`: the `run` is not the user's.
  const words = [...(script === 'scenario' ? argv.slice(1) : argv)];
  const pairs = eaten.map((flag) => {
    const pattern = knownFlags[flag];
    if (pattern === undefined) return { flag, values: [], missing: 0 };
    // Repeated flags arrive in one variable, separated by empty lines; `true` stands for "the value got lost".
    const given = env[`npm_config_${flag.replace(/-/g, '_')}`].split('\n\n');
    return {
      flag,
      pattern,
      values: given.filter((v) => v !== 'true'),
      missing: given.filter((v) => v === 'true').length,
    };
  });
  const loose = words.filter((word) => !scenarios.includes(word) && !(script === 'firedrill' && word === words[0]));
  for (const pair of pairs) {
    if (pair.missing === 0) continue;
    const fits = loose.filter((word) => pair.pattern.test(word));
    const rivals = pairs.filter(
      (other) => other !== pair && other.missing > 0 && loose.some((w) => fits.includes(w) && other.pattern.test(w)),
    );
    // Words that only this flag could own, or all of them when it is the only one that lost its value.
    const mine = fits.filter((word) => !rivals.some((other) => other.pattern.test(word)));
    const specific = rivals.length === 0 ? fits : mine;
    pair.found = specific.slice(0, pair.missing);
  }
  const used = [];
  for (const pair of pairs) {
    for (const word of pair.found ?? []) used.push(word);
    const lost = Math.max(0, (pair.missing ?? 0) - (pair.found?.length ?? 0));
    pair.values = [
      ...pair.values,
      ...(pair.found ?? []),
      ...Array.from({ length: lost }, () => (valueIsOptional.has(pair.flag) ? '' : `<${pair.flag}>`)),
    ];
  }
  // Values that could belong to more than one flag are shown as <flag>; they must not stay behind as scenarios.
  const ambiguous = pairs.some((pair) => pair.values.some((value) => value.startsWith('<')));
  const rest = words.filter((word) => {
    const at = used.indexOf(word);
    if (at >= 0) {
      used.splice(at, 1);
      return false;
    }
    return !(ambiguous && loose.includes(word) && scenarios.length > 0);
  });
  const flags = pairs.flatMap((pair) =>
    pair.pattern === undefined ? [`--${pair.flag}`] : pair.values.map((value) => `--${pair.flag} ${value}`.trimEnd()),
  );
  return (
    script === 'firedrill' || script.startsWith('test') || script === 'check'
      ? [`npm run ${script} --`, ...rest, ...flags]
      : [`npm run ${script}`, ...rest, '--', ...flags]
  ).join(' ');
}
