import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import type { Plan } from '../../harness/model/plan.ts';
import { reproduce } from '../../harness/reporters/format.ts';

/** The real command line in a process of its own: exit codes, one line an error, results on stdout and nothing else there. */

const root = join(import.meta.dirname, '..', '..');
const state = mkdtempSync(join(tmpdir(), 'firedrill-cli-test-'));
afterAll(() => {
  rmSync(state, { recursive: true, force: true });
});

// Each test starts a Node of its own, on machines that have other things to do.
vi.setConfig({ testTimeout: 120_000 });

interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function firedrill(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd: string = root,
): Promise<Ended> {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|FIREDRILL_|VITEST|NODE_OPTIONS)/i.test(name),
  );
  const child = spawn(process.execPath, [join(root, 'bin', 'firedrill.mjs'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd,
    env: {
      ...Object.fromEntries(inherited),
      FIREDRILL_STATE: state,
      FIREDRILL_SCENARIOS: join(root, 'test', 'cli', 'fixtures', 'scenarios'),
      ...env,
    },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => {
      resolve({ exitCode, stdout, stderr });
    });
  });
}

/** What the user did wrong: nothing on stdout, one line on stderr, the exit code. */
function expectOneLine(ended: Ended, exitCode: number, line: RegExp): void {
  expect(ended.stdout).toBe('');
  expect(ended.stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(ended.stderr).toMatch(line);
  expect(ended.exitCode).toBe(exitCode);
}

/** The scenarios of the project, not the fixtures. */
const theirs = { FIREDRILL_SCENARIOS: join(root, 'scenarios') };
const kept = (scenario: string) => join(root, 'reports', 'examples', scenario);
const npm = { npm_package_name: 'firedrill', npm_lifecycle_event: 'scenario' };

describe.concurrent('mistakes are one line that says what, where and the next command', () => {
  it.each<[string, readonly string[], RegExp]>([
    ['unknown command', ['rnu'], /unknown command 'rnu' \(Did you mean run\?\) {2}-> {2}npm run firedrill -- --help/],
    ['no command', [], /which command\? {2}-> /],
    [
      'unknown flag',
      ['run', 'lights-out', '--trails', '5'],
      /run: unknown option '--trails' \(Did you mean --trials\?\)/,
    ],
    ['no scenario', ['run'], /run: which scenario\? .*lights-out.* {2}-> {2}npm run scenario lights-out/],
    ['unknown scenario', ['run', 'light-out'], /unknown scenario "light-out" \(did you mean "lights-out"\?\) {2}-> /],
    ['unknown scenario', ['describe', 'banana'], /unknown scenario "banana" \(there are: lights-out\)/],
    [
      'unknown runbook',
      ['run', 'lights-out', '--runbook', 'swich-on'],
      /unknown runbook "swich-on" of lights-out \(did you mean "switch-on"\?\)/,
    ],
    [
      'unknown runbook',
      ['describe', 'lights-out', '--runbook', 'x'],
      /unknown runbook "x" of lights-out \(there are: wait, switch-on\)/,
    ],
    [
      'unknown runbook',
      ['minimise', 'lights-out', 'swich-on'],
      /unknown runbook "swich-on" of lights-out \(did you mean "switch-on"\?\)/,
    ],
    [
      'a runbook of which nothing can be left out',
      ['minimise', 'lights-out', 'wait'],
      /wait has 0 steps: nothing can be left out {2}-> {2}npm run firedrill -- describe lights-out --runbook wait/,
    ],
    [
      'unknown detector',
      ['run', 'lights-out', '--trigger', 'detector:darknes'],
      /unknown detector "darknes" .*"darkness"/,
    ],
    ['bad --trials', ['run', 'lights-out', '--trials', '0'], /--trials "0": must be a whole number from 1 to 1000/],
    ['bad --profile', ['run', 'lights-out', '--profile', 'quick'], /--profile "quick": must be one of fast, stock/],
    [
      'bad --controls',
      ['run', 'lights-out', '--controls', 'healty'],
      /--controls "healty": .*\(did you mean "healthy"\?\)/,
    ],
    [
      'a control that no chosen runbook can be in',
      ['run', 'lights-out', '--dry-run', '--runbook', 'wait', '--controls', 'healthy,delayed'],
      /--controls delayed: none of the chosen runbooks changes anything {2}-> /,
    ],
    [
      'a resumed run keeps its arms',
      ['run', 'lights-out', '--resume', 'latest', '--controls', 'healthy'],
      /--controls cannot be combined with --resume {2}-> /,
    ],
    [
      'bad --distribution',
      ['run', 'lights-out', '--distribution', 'k3d'],
      /--distribution "k3d": must be one of kubeadm, k3s \(did you mean "k3s"\?\)/,
    ],
    [
      'two distributions, and trials at the same time',
      ['run', 'lights-out', '--distribution', 'kubeadm,k3s', '--parallel', '2'],
      /--distribution kubeadm,k3s runs one trial at a time {2}-> {2}remove --parallel/,
    ],
    [
      'bad --provider',
      ['list', '--provider', 'kinf'],
      /--provider "kinf": must be one of kind, k3d \(did you mean "kind"\?\)/,
    ],
    [
      'a provider that makes no such nodes',
      ['run', 'lights-out', '--provider', 'k3d'],
      /--provider k3d makes no nodes for kubeadm {2}-> {2}--provider k3d --distribution k3s/,
    ],
    [
      'rules where no exporter can run',
      ['run', 'lights-out', '--distribution', 'k3s', '--provider', 'k3d', '--rules', 'stock'],
      /--rules needs systemd on the nodes, and those of k3s on k3d have none {2}-> {2}omit --provider k3d, or --rules/,
    ],
    [
      'where no rules are evaluated',
      ['run', 'lights-out', '--rules-inside', '--dry-run'],
      /--rules-inside says where, and no --rules says which {2}-> {2}--rules stock --rules-inside/,
    ],
    [
      'rules that are not there',
      ['run', 'lights-out', '--rules', './no-such-rules', '--dry-run'],
      /no rules at \.\/no-such-rules: ENOENT/,
    ],
    [
      'a resumed run keeps who made its nodes',
      ['run', 'lights-out', '--resume', 'latest', '--distribution', 'k3s', '--provider', 'k3d'],
      /--(distribution|provider) cannot be combined with --resume {2}-> /,
    ],
    [
      'a resumed run keeps what its nodes run',
      ['run', 'lights-out', '--resume', 'latest', '--distribution', 'k3s'],
      /--distribution cannot be combined with --resume {2}-> /,
    ],
    ['bad --keep', ['run', 'lights-out', '--keep', 'allways'], /--keep "allways": .*\(did you mean "always"\?\)/],
    ['bad --timeout', ['run', 'lights-out', '--timeout', '5'], /--timeout "5": must be a duration with a unit/],
    [
      '--horizon that nothing could recover within',
      ['run', 'lights-out', '--horizon', '20s'],
      /--horizon 20 s is too short for lights-out: .* take \d+ s {2}-> {2}--horizon \d+s, or more/,
    ],
    ['bad --trigger', ['run', 'lights-out', '--trigger', 'dark'], /--trigger "dark": must be oracle or detector:<id>/],
    ['value missing', ['run', 'lights-out', '--seed'], /run: option '--seed <n>' argument missing/],
    ['too many words', ['doctor', 'now'], /doctor: too many arguments/],
    ['unknown run', ['report', 'nope', '--out', '/nonexistent'], /no run "nope": \/nonexistent has no runs/],
    [
      'a resumed run keeps its seed',
      ['run', 'lights-out', '--resume', 'latest', '--seed', '5'],
      /--seed cannot be combined with --resume {2}-> /,
    ],
    [
      'no such run to go on with',
      ['run', 'lights-out', '--resume', 'nope', '--out', '/nonexistent'],
      /no run "nope": \/nonexistent has no runs/,
    ],
    [
      'a run of another scenario',
      ['run', 'lights-out', '--resume', 'scheduler-stall', '--out', join(root, 'reports', 'examples')],
      /run \S+ is a run of scheduler-stall, not of lights-out {2}-> {2}npm run scenario scheduler-stall -- --resume/,
    ],
    ['two outages', ['compare', kept('cni-wipe'), kept('expired-certs')], /are different outages.* {2}-> /],
    ['no run', ['compare', 'nope', '--out', '/nonexistent'], /no run "nope"/],
    [
      'a runbook that the run does not have',
      ['compare', kept('cni-wipe'), '--runbook', 'wait,nucleer'],
      /has no runbook "nucleer" \(did you mean "nuclear"/,
    ],
    ['no runs at all', ['overview', '--out', '/nonexistent'], /no run with a trial in \/nonexistent {2}-> {2}npm run/],
    ['one runbook', ['compare', kept('cni-wipe'), '--runbook', 'wait'], /a comparison needs two/],
    [
      'a file that is no report',
      ['compare', join(root, 'package.json')],
      /package\.json is not a valid firedrill report: /,
    ],
    ['format', ['compare', kept('cni-wipe'), '--format', 'xml'], /must be one of table, md, json/],
    [
      'report format',
      ['report', kept('cni-wipe'), '--format', 'pdf'],
      /must be one of json, md, html, junit, openmetrics/,
    ],
    ['no arguments', ['compare'], /missing required argument 'run'/],
    ['nothing kept', ['shell'], /no cluster was kept {2}-> /],
  ])('%s: %j', async (_, args, line) => {
    expectOneLine(await firedrill(args), 2, line);
  });

  it.each<[Readonly<Record<string, string>>, readonly string[], string]>([
    [{ npm_config_trials: 'true' }, ['run', 'lights-out', '5'], 'npm run scenario lights-out -- --trials 5'],
    [{ npm_config_dry_run: 'true' }, ['run', 'lights-out'], 'npm run scenario lights-out -- --dry-run'],
    [{ npm_config_runbook: 'true' }, ['run', 'lights-out', 'wait'], 'npm run scenario lights-out -- --runbook wait'],
  ])('flags that npm took: %j', async (eaten, args, line) => {
    expectOneLine(
      await firedrill(args, { ...npm, ...eaten }),
      2,
      new RegExp(`type: ${line.replaceAll(/[-/]/g, '\\$&')}\n$`),
    );
  });

  it.each([['clean'], ['prepare', '--reporter', 'silent']])('no Docker that answers: %s', async (...args) => {
    expectOneLine(await firedrill(args, { DOCKER_HOST: 'tcp://127.0.0.1:1' }), 5, /127\.0\.0\.1:1.* {2}-> /);
  });

  it('a scenario that cannot be loaded says which file', async () => {
    const ended = await firedrill(['list'], { FIREDRILL_SCENARIOS: '/nonexistent' });
    expectOneLine(ended, 2, /cannot read the scenarios in \/nonexistent/);
  });
});

describe.concurrent('results go to stdout, and nothing else does', () => {
  it('list', async () => {
    const ended = await firedrill(['list']);
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
    expect(ended.stdout).toContain('lights-out  The lights go out');
    expect(ended.stdout).toMatch(/\d nodes, \d\.\d GiB of memory; each runbook once: about \d+ min/);
  });

  it('run all: every scenario there is', async () => {
    const ended = await firedrill(['run', 'all', '--dry-run', '--json']);
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
    expect(JSON.parse(ended.stdout)).toMatchObject({ scenario: 'lights-out' });
  });

  it('run all: of the scenarios that exist on the distribution', async () => {
    const plans = async (distribution: string) => {
      const { exitCode, stdout } = await firedrill(
        ['run', 'all', '--dry-run', '--json', '--distribution', distribution],
        theirs,
      );
      expect(exitCode).toBe(0);
      return (JSON.parse(stdout) as { readonly scenario: string }[]).map(({ scenario }) => scenario);
    };
    expect(await plans('kubeadm')).not.toContain('datastore-locked');
    const onK3s = await plans('k3s');
    expect(onK3s).toEqual(expect.arrayContaining(['cni-wipe', 'datastore-locked']));
    expect(onK3s).not.toContain('scheduler-stall');
  });

  it('list, describe and run by a provider: what is typed there, what is not there, and a plan that says so', async () => {
    const onK3d = ['--distribution', 'k3s', '--provider', 'k3d'];
    const listed = await firedrill(['list', ...onK3d], theirs);
    expect(listed.stdout).toMatch(/^cni-config-wipe .*\n.*\n.*\n +also on kubeadm\n +also on k3s$/m);
    expect(listed.stdout).toMatch(/^reboot-loop +not on k3d: a node of k3d has no systemd/m);
    const page = await firedrill(['describe', 'cni-config-wipe', '--runbook', 'restart-cni-agent', ...onK3d], theirs);
    expect(page.stdout).toContain('docker restart $NODES');
    const refused = await firedrill(['describe', 'reboot-loop', ...onK3d], theirs);
    expect(refused).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(
        /there is no reboot-loop on k3d: .* -> {2}npm run firedrill -- list --distribution k3s --provider k3d\n/,
      ) as string,
    });
    const plan = await firedrill(['run', 'cni-config-wipe', '--dry-run', '--json', ...onK3d], theirs);
    expect(JSON.parse(plan.stdout)).toMatchObject({ distribution: 'k3d' });
  });

  it('list --json', async () => {
    const { stdout } = await firedrill(['list', '--json']);
    expect(JSON.parse(stdout)).toMatchObject([
      { id: 'lights-out', runbooks: ['wait', 'switch-on'], detectors: ['darkness'] },
    ]);
  });

  it('describe prints every command of the fault', async () => {
    const { stdout } = await firedrill(['describe', 'lights-out']);
    for (const text of [
      'It was dark.',
      'echo off > /switch',
      '/^off$/',
      'cp /switch.before /switch',
      'there are no lights',
      'minimum TTD',
    ]) {
      expect(stdout).toContain(text);
    }
  });

  it('describe tells how long recovery took where the source does', async () => {
    const page = async (...args: readonly string[]) => (await firedrill(['describe', ...args], theirs)).stdout;
    expect(await page('cni-wipe')).toMatch(/^postmortem 002.* recovery took 8 h/m);
    expect(await page('datastore-locked', '--distribution', 'k3s')).toMatch(/2024-02-29\.$/m);
  });

  it('describe --runbook prints a page to follow, whose commands are code blocks to Markdown', async () => {
    const { stdout } = await firedrill(['describe', 'lights-out', '--runbook', 'switch-on']);
    expect(stdout).toContain(
      '  2. turn it on - on workers [CHANGES, at most 60 s]\n\n         echo on > /switch\n\n     ! destroys: the darkness',
    );
    expect(stdout).toContain('until kubectl get light; do sleep 1; done');
  });

  it('run --dry-run prints the plan and every command, the same for the same seed', async () => {
    const args = ['run', 'lights-out', '--dry-run', '--trials', '2', '--seed', '5'];
    const first = await firedrill(args);
    expect(first).toMatchObject({ exitCode: 0, stderr: '' });
    for (const text of ['4 trials', 'cat /switch > /switch.before', 'echo on > /switch', 'seed 5'])
      expect(first.stdout).toContain(text);
    expect((await firedrill(args)).stdout).toBe(first.stdout);
  });

  describe("a runbook of the user's own, as Markdown", () => {
    const write = (name: string, text: string): string => {
      const file = join(state, name);
      writeFileSync(file, text);
      return file;
    };
    const switchOn = '## Switch it on\n\n```sh on=workers\ntrue\n```\n';

    it('stands in the plan beside the others, with its page', async () => {
      const file = write('our-way.md', switchOn);
      const { stdout, stderr } = await firedrill([
        'run',
        'lights-out',
        '--dry-run',
        '--json',
        '--runbook',
        `wait,${file}`,
      ]);
      expect(stderr).toBe('');
      const plan = JSON.parse(stdout) as Plan;
      expect(plan.runbooks.map(({ id, expect: claim }) => [id, claim])).toEqual([
        ['wait', 'does-not-recover'],
        ['our-way', 'unknown'],
      ]);
      expect(plan.runbooks[1]?.steps).toMatchObject([{ name: 'Switch it on', on: 'workers', command: 'true' }]);
      expect(plan.runbooks[1]?.markdown).toBe(switchOn);
    });

    it('is printed as it will be run, and every runbook is written as one', async () => {
      const file = write('ours.md', switchOn);
      const shown = await firedrill(['describe', 'lights-out', '--runbook', file]);
      expect(shown.stdout).toContain('Switch it on - on workers [CHANGES, at most 60 s]');
      const page = await firedrill(['describe', 'lights-out', '--runbook', 'switch-on', '--markdown']);
      expect(page.stdout).toMatch(/^---\nid: switch-on\n[^]*```sh /);
    });

    it.each([
      ['is not there', 'run', join(state, 'nowhere.md'), /cannot read the runbook .*nowhere\.md: ENOENT/],
      [
        'names no place',
        'run',
        '```sh on=moon\ntrue\n```',
        /bad-\S+\.md:1: there is no place `moon` {2}-> {2}on=workstation/,
      ],
      ['names a worker too many', 'run', '```sh on=worker-9\ntrue\n```', /bad-\S+\.md: .*worker 9/],
      ['cannot be read by a shell', 'describe', '```sh\nif true\n```', /bad-\S+\.md: .*[Ss]yntax error/],
      [
        'has the name of another',
        'run',
        '---\nid: switch-on\n---\n' + switchOn,
        /there is a runbook switch-on already/,
      ],
    ] as const)('is refused where it %s', async (what, command, text, line) => {
      const file = text.startsWith('/') ? text : write(`bad-${what.replaceAll(' ', '-')}.md`, text);
      const rest = command === 'run' ? ['--dry-run'] : [];
      expectOneLine(await firedrill([command, 'lights-out', ...rest, '--runbook', file]), 2, line);
    });

    it('is for one outage', async () => {
      const file = write('one.md', switchOn);
      expectOneLine(
        await firedrill(['run', 'cni-wipe', 'coredns-loop', '--dry-run', '--runbook', file], theirs),
        2,
        /one\.md takes one scenario/,
      );
    });
  });

  describe('new', () => {
    it('writes an outage and a runbook that can be run at once, and overwrites nothing', async () => {
      const folder = mkdtempSync(join(state, 'new-'));
      const begun = await firedrill(['new', 'outage', 'our-night'], {}, folder);
      expect(begun.stdout).toContain('./our-night.yaml is written');
      // Editors find the schema by its first line.
      const [, schema = ''] =
        /^# yaml-language-server: \$schema=(.*)$/m.exec(readFileSync(join(folder, 'our-night.yaml'), 'utf8')) ?? [];
      expect(readFileSync(join(folder, schema), 'utf8')).toContain('An outage of firedrill');
      const checked = await firedrill(['validate', './our-night.yaml'], theirs, folder);
      expect(checked).toMatchObject({ stdout: './our-night.yaml: ok\n', exitCode: 0 });
      await firedrill(['new', 'runbook', 'our-way'], {}, folder);
      const planned = await firedrill(
        ['run', './our-night.yaml', '--runbook', 'wait,./our-way.md', '--dry-run', '--json'],
        theirs,
        folder,
      );
      const { scenario, runbooks } = JSON.parse(planned.stdout) as Plan;
      expect([scenario, runbooks.map(({ id }) => id)]).toEqual(['our-night', ['wait', 'our-way']]);
      expectOneLine(await firedrill(['new', 'outage', 'our-night'], {}, folder), 2, /our-night\.yaml is there already/);
    });

    it.each([
      [['new', 'outage', 'Our Night'], /Our Night is no name.*new outage our-night/],
      [['new', 'probe', 'x'], /Allowed choices are outage, runbook/],
    ] as const)('refuses %j', async (args, line) => {
      expectOneLine(await firedrill(args), 2, line);
    });
  });

  it('run --dry-run --runbook --json is the plan', async () => {
    const { stdout } = await firedrill(['run', 'lights-out', '--dry-run', '--json', '--runbook', 'switch-on']);
    expect(JSON.parse(stdout)).toMatchObject({
      scenario: 'lights-out',
      profile: 'fast',
      trials: [{ runbook: 'switch-on' }],
    });
  });

  it('the command that makes a run again, as reports print it, plans the same trials', async () => {
    const dry = (...args: readonly string[]) => firedrill(['run', 'lights-out', '--dry-run', '--json', ...args]);
    const arms = ['--runbook', 'switch-on', '--controls', 'healthy,delayed', '--trigger', 'detector:darkness'];
    const first = JSON.parse((await dry('--trials', '3', '--horizon', '75.5s', '--seed', '5', ...arms)).stdout) as Plan;
    const [command = ''] = reproduce(first);
    const again = JSON.parse((await dry(...command.replace(/^.* -- /, '').split(' '))).stdout) as Plan;
    const when = { createdEpochMs: 0, runId: '' };
    expect({ ...again, ...when }).toEqual({ ...first, ...when });
    expect(first).toMatchObject({ horizonMs: 75_500, trigger: { kind: 'detector' } });
  });

  it('run --horizon is the one of the profile that is run, whatever the other would need', async () => {
    const { stdout } = await firedrill(['run', 'lights-out', '--dry-run', '--json', '--horizon', '75s']);
    expect(JSON.parse(stdout)).toMatchObject({ horizonMs: 75_000 });
  });

  it('run --dry-run --controls: the arms beside the runbooks, all of them or those that are named', async () => {
    const all = await firedrill(['run', 'lights-out', '--controls', '--dry-run']);
    expect(all).toMatchObject({ exitCode: 0, stderr: '' });
    for (const text of [
      '6 trials',
      'healthy: No fault and no runbook',
      'switch-on-on-healthy: ',
      'switch-on-delayed-30s: ',
      'cp /switch.before /switch',
    ])
      expect(all.stdout).toContain(text);
    const some = await firedrill(['run', 'lights-out', '--dry-run', '--json', '--controls', 'healthy,delayed']);
    expect(JSON.parse(some.stdout)).toMatchObject({ controls: [{ id: 'healthy' }, { id: 'switch-on-delayed-30s' }] });
    expect((await firedrill(['run', 'lights-out', '--dry-run'])).stdout).not.toContain('## Controls');
    expect((await firedrill(['describe', 'lights-out'])).stdout).toContain('## Controls (with --controls)');
  });

  it('validate', async () => {
    expect(await firedrill(['validate'])).toMatchObject({ exitCode: 0, stdout: 'lights-out: ok\n', stderr: '' });
  });

  it('help and version', async () => {
    expect((await firedrill(['--help'])).stdout).toContain('Exit codes:');
    expect((await firedrill(['run', '--help'])).stdout).toContain('--open-fence');
    expect(await firedrill(['--version'])).toMatchObject({ exitCode: 0, stdout: '0.1.0\n', stderr: '' });
  });

  it('has no colour in a pipe', async () => {
    expect((await firedrill(['describe', 'lights-out'])).stdout).not.toMatch(/\u001b\[/);
  });

  it('overview: several runs on one page, which leads to their reports', async () => {
    const file = join(state, 'pages', 'overview.md');
    const runs = [kept('cni-wipe'), kept('coredns-spof')];
    const ended = await firedrill(['overview', ...runs, '--file', file]);
    expect(ended).toMatchObject({ exitCode: 0, stdout: '', stderr: `wrote ${file}\n` });
    const page = readFileSync(file, 'utf8');
    expect(page).toMatch(/`restore-cni-and-pods` \(8 of 8, TTR .+ to .+, downtime \d+ s/);
    const [, link = ''] = /\]\((\S+coredns-spof\/report\.md)\)/.exec(page) ?? [];
    expect(existsSync(join(dirname(file), link))).toBe(true);
    const json = await firedrill(['overview', ...runs, '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject([{ scenario: 'cni-wipe' }, { scenario: 'coredns-spof' }]);
  });

  it('the page about all kept runs is as they say (npm run firedrill -- overview reports/examples/*/ --file reports/examples/README.md)', async () => {
    const folder = join(root, 'reports', 'examples');
    const runs = readdirSync(folder, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? [kept(e.name)] : []));
    const file = join(folder, 'README.md');
    const copy = join(state, 'examples.md');
    expect(await firedrill(['overview', ...runs.sort(), '--file', copy])).toMatchObject({ exitCode: 0 });
    const there = `${relative(dirname(copy), folder)}/`;
    expect(readFileSync(copy, 'utf8').replaceAll(`](${there}`, '](')).toBe(readFileSync(file, 'utf8'));
  });

  it('a series whose runs are all there is not run again: its table, and a page beside it', async () => {
    const out = join(state, 'series-out');
    const scenarios = ['coredns-spof', 'nat-not-reprogrammed'];
    const runs = scenarios.map((scenario) => {
      const { plan, trials } = JSON.parse(readFileSync(join(kept(scenario), 'report.json'), 'utf8')) as {
        plan: { runId: string };
        trials: { trialId: string }[];
      };
      const run = join(scenario, plan.runId);
      cpSync(kept(scenario), join(out, run), { recursive: true });
      for (const record of trials) {
        const dir = join(out, run, 'trials', record.trialId);
        mkdirSync(dir, { recursive: true });
        writeFileSync(join(dir, 'record.json'), JSON.stringify(record));
        writeFileSync(join(dir, 'events.jsonl'), JSON.stringify({ type: 'trial.ended', cause: 'completed' }));
      }
      return [scenario, run] as const;
    });
    const seriesId = '20251121-041500-0001';
    mkdirSync(join(out, 'series'));
    writeFileSync(
      join(out, 'series', `${seriesId}.json`),
      JSON.stringify({
        ...{ schemaVersion: 1, seriesId, asked: scenarios, scenarios, createdEpochMs: 0 },
        ...{ profile: 'fast', seed: 1, trials: 1, trigger: { kind: 'oracle' }, runs: Object.fromEntries(runs) },
      }),
    );
    const real = { FIREDRILL_SCENARIOS: join(root, 'scenarios') };
    const ended = await firedrill(['run', ...scenarios, '--resume', 'latest', '--out', out], real);
    const page = join(out, 'series', `${seriesId}.md`);
    expect(ended.stdout).toMatch(/coredns-spof +\d+ of \d+ .*\n +nat-not-reprogrammed /);
    expect(ended.stdout).toContain(`On one page: ${page}`);
    expect(readFileSync(page, 'utf8')).toContain(`](../${runs[1]?.[1] ?? ''}/report.md)`);
  });

  it('compare: the runbooks of a kept run, and nothing on stderr', async () => {
    const ended = await firedrill(['compare', kept('cni-wipe'), '--runbook', 'wait,nuclear']);
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
    expect(ended.stdout).toMatch(
      /wait, nuclear +2 min 15 s \/ never \(0 of 8\) +78 s \/ 90 s \(8 of 8\) .* nuclear better$/m,
    );
  });

  // --alarms is the name of before.
  it.each(['--alerts', '--alarms'])(
    'compare %s --format json, of a run and a report.json kept by itself',
    async (flag) => {
      const report = join(kept('cni-wipe'), 'report.json');
      const ended = await firedrill(['compare', report, kept('cni-wipe'), flag, '--format', 'json']);
      expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
      expect(JSON.parse(ended.stdout)).toMatchObject({ what: 'alarms', design: 'two-sample', differences: [] });
    },
  );

  it('report --format prints one of the reports of a stored run, and writes all of them', async () => {
    const run = join(state, 'kept-run');
    cpSync(kept('cni-wipe'), run, { recursive: true });
    const junit = await firedrill(['report', run, '--format', 'junit']);
    expect(junit).toMatchObject({ exitCode: 0, stderr: '' });
    expect(junit.stdout).toBe(readFileSync(join(run, 'report.junit.xml'), 'utf8'));
    expect(junit.stdout).toContain('<testsuite name="cni-wipe.nuclear" tests="8" failures="0" errors="0"');
    const metrics = await firedrill(['report', run, '--format', 'openmetrics']);
    expect(metrics.stdout).toContain(
      'firedrill_recovered_trials{scenario="cni-wipe",profile="fast",runbook="nuclear"} 8',
    );
    expect(metrics.stdout.endsWith('# EOF\n')).toBe(true);
  });

  it('compare ends with 3 when the second run is worse', async () => {
    const report = JSON.parse(readFileSync(join(kept('cni-wipe'), 'report.json'), 'utf8')) as {
      trials: { runbook: string; outcome: string }[];
    };
    for (const trial of report.trials) if (trial.runbook === 'nuclear') trial.outcome = 'harmed';
    const path = join(state, 'worse.json');
    writeFileSync(path, JSON.stringify(report));
    const ended = await firedrill(['compare', kept('cni-wipe'), path]);
    expect(ended).toMatchObject({ exitCode: 3, stderr: '' });
    expect(ended.stdout).toMatch(/^! regression: nuclear: did harm in 8 of 8 trials, before in none$/m);
  });

  it('compare ends with 4 and without a verdict when the environments differ', async () => {
    const report = JSON.parse(readFileSync(join(kept('cni-wipe'), 'report.json'), 'utf8')) as {
      trials: { environment: Record<string, string> }[];
    };
    for (const { environment } of report.trials) environment['kernel'] = '7.0';
    const path = join(state, 'other.json');
    writeFileSync(path, JSON.stringify(report));
    const ended = await firedrill(['compare', kept('cni-wipe'), path]);
    expect(ended).toMatchObject({ exitCode: 4, stderr: '' });
    expect(ended.stdout).toMatch(/^! kernel: .+ \| 7\.0$/m);
    expect(ended.stdout).not.toContain('faster');
  });
});
