import { describe, expect, it } from 'vitest';
import { correctedLine } from './npm-flags.ts';
import { processOutput } from './output.ts';
import { makeProgram } from './program.ts';

const scenarios = () => ['cni-wipe', 'coredns-loop'];
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
/** As npm 10 and 11 really set it (tried with both): a value after a space gets lost, one after `=` arrives. */
const npm = (script: string, argv: readonly string[], config: Readonly<Record<string, string>>) =>
  correctedLine(
    program,
    argv,
    {
      npm_package_name: 'firedrill',
      npm_lifecycle_event: script,
      npm_config_yes: '',
      npm_config_audit: '',
      npm_config_cache: '/x',
      ...Object.fromEntries(Object.entries(config).map(([name, value]) => [`npm_config_${name}`, value])),
    },
    scenarios,
  );

describe('flags that npm kept for itself', () => {
  it.each([
    // npm run scenario cni-wipe --trials 5
    [['run', 'cni-wipe', '5'], { trials: 'true' }, 'npm run scenario cni-wipe -- --trials 5'],
    [['run', 'cni-wipe'], { trials: '5' }, 'npm run scenario cni-wipe -- --trials 5'],
    // npm run scenario --trials 5 cni-wipe
    [['run', '5', 'cni-wipe'], { trials: 'true' }, 'npm run scenario cni-wipe -- --trials 5'],
    [['run', 'cni-wipe', 'wait'], { runbook: 'true' }, 'npm run scenario cni-wipe -- --runbook wait'],
    [
      ['run', 'cni-wipe', 'a', 'b'],
      { runbook: 'true\n\ntrue' },
      'npm run scenario cni-wipe -- --runbook a --runbook b',
    ],
    [['run', 'cni-wipe'], { controls: 'true' }, 'npm run scenario cni-wipe -- --controls'],
    [
      ['run', 'cni-wipe', 'healthy,delayed'],
      { controls: 'true' },
      'npm run scenario cni-wipe -- --controls healthy,delayed',
    ],
    [['run', 'cni-wipe'], { controls: 'healthy' }, 'npm run scenario cni-wipe -- --controls healthy'],
    [['run', 'cni-wipe', 'b'], { runbook: 'a\n\ntrue' }, 'npm run scenario cni-wipe -- --runbook a --runbook b'],
    [['run', 'cni-wipe'], { dry_run: 'true' }, 'npm run scenario cni-wipe -- --dry-run'],
    [['run', 'cni-wipe'], { json: 'true', open_fence: 'true' }, 'npm run scenario cni-wipe -- --open-fence --json'],
    [
      ['run', 'cni-wipe', 'stock', 'always', 'plain', 'build', 'oracle'],
      { profile: 'true', keep: 'true', reporter: 'true', images: 'true', trigger: 'true' },
      'npm run scenario cni-wipe -- --profile stock --trigger oracle --keep always --images build --reporter plain',
    ],
    [
      ['run', 'cni-wipe', '7', 'stock'],
      { seed: 'true', profile: 'true' },
      'npm run scenario cni-wipe -- --seed 7 --profile stock',
    ],
    [
      ['run', 'cni-wipe', 'coredns-loop', '3'],
      { trials: 'true' },
      'npm run scenario cni-wipe coredns-loop -- --trials 3',
    ],
    [['run', 'cni-wipe'], { trials: 'true' }, 'npm run scenario cni-wipe -- --trials <trials>'],
  ])('run %j with %j: %s', (argv, config, line) => {
    expect(npm('scenario', argv, config)).toBe(line);
  });

  it('does not guess which of two numbers belongs to which flag', () => {
    expect(npm('scenario', ['run', 'cni-wipe', '5', '3'], { trials: 'true', seed: 'true' })).toBe(
      'npm run scenario cni-wipe -- --trials <trials> --seed <seed>',
    );
  });

  it('answers other scripts in their own words', () => {
    expect(npm('firedrill', ['clean'], { dry_run: 'true' })).toBe('npm run firedrill -- clean --dry-run');
    expect(npm('firedrill', ['describe', 'cni-wipe', 'wait'], { runbook: 'true' })).toBe(
      'npm run firedrill -- describe cni-wipe --runbook wait',
    );
  });

  it('knows every flag there is, and a command by its own', () => {
    expect(npm('scenario', ['run', 'cni-wipe', '1.33'], { kubernetes: 'true', decide: 'true' })).toBe(
      'npm run scenario cni-wipe -- --decide --kubernetes 1.33',
    );
    expect(npm('firedrill', ['clean'], { images: 'true' })).toBe('npm run firedrill -- clean --images');
    expect(npm('firedrill', ['prepare', 'build'], { images: 'true' })).toBe(
      'npm run firedrill -- prepare --images build',
    );
  });

  it('takes no setting of a package build for a flag', () => {
    expect(npm('firedrill', ['prepare'], { arch: 'x64' })).toBeUndefined();
  });

  it('has nothing to say when the line is right, or the settings are another package’s', () => {
    expect(npm('scenario', ['run', 'cni-wipe', '--trials', '5'], {})).toBeUndefined();
    expect(npm('scenario', ['run', 'cni-wipe'], { trials: '' })).toBeUndefined();
    expect(correctedLine(program, ['run', 'cni-wipe'], { npm_config_json: 'true' }, scenarios)).toBeUndefined();
    expect(
      correctedLine(
        program,
        ['run'],
        { npm_package_name: 'other', npm_lifecycle_event: 'x', npm_config_json: 'true' },
        scenarios,
      ),
    ).toBeUndefined();
  });
});
