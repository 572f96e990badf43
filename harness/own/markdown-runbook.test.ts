import { describe, expect, it } from 'vitest';
import { FiredrillError } from '../model/errors.ts';
import { seconds } from '../model/units.ts';
import { runbookOfMarkdown } from './markdown-runbook.ts';

const fence = (info: string, ...lines: readonly string[]) => ['```' + info, ...lines, '```'].join('\n');

const page = `# When DNS is down

Call somebody first.

## Look at CoreDNS

${fence('sh look', 'kubectl -n kube-system get pods')}

This is what you should see:

${fence('text', 'coredns-1   Running')}

## Restart it

1. From your own machine:

   ${fence('bash timeout=90s destroys=\'the "cache"\'', 'kubectl -n kube-system rollout restart deployment coredns').replaceAll('\n', '\n   ')}
2. and on the nodes:

   ${fence('sh on=worker-2 optional', 'true').replaceAll('\n', '\n   ')}

## Wait

${fence('shell until timeout=1.5m', 'nslookup kubernetes.default')}
`;

describe('a runbook as a team keeps it', () => {
  it('is its fenced shell blocks in order, each named by the heading above it', () => {
    const { runbook, claim } = runbookOfMarkdown(page, './pages/DNS is down.md');
    expect(runbook).toEqual({
      id: 'dns-is-down',
      title: 'When DNS is down',
      source: './pages/DNS is down.md',
      why: 'as its page says',
      steps: [
        {
          kind: 'shell',
          name: 'Look at CoreDNS',
          on: 'workstation',
          command: 'kubectl -n kube-system get pods',
          changes: false,
          optional: true,
          timeoutMs: seconds(60),
        },
        {
          kind: 'shell',
          name: 'Restart it',
          on: 'workstation',
          command: "bash -e <<'BASH'\nkubectl -n kube-system rollout restart deployment coredns\nBASH",
          changes: true,
          destroys: 'the "cache"',
          timeoutMs: seconds(90),
        },
        {
          kind: 'shell',
          name: 'Restart it (2)',
          on: { worker: 2 },
          command: 'true',
          changes: true,
          optional: true,
          timeoutMs: seconds(60),
        },
        {
          kind: 'until',
          name: 'Wait',
          on: 'workstation',
          command: 'nslookup kubernetes.default',
          changes: false,
          timeoutMs: seconds(90),
        },
      ],
    });
    expect(claim).toEqual({ says: 'nothing is claimed', expect: 'unknown' });
  });

  it('says in its front matter what it is', () => {
    const text = `---\nid: ours\nexpect: recovers\nsays: it did in May\n---\n${page}`;
    const { runbook, claim, markdown } = runbookOfMarkdown(text, 'x.md');
    expect(runbook.id).toBe('ours');
    expect(claim).toEqual({ says: 'it did in May', expect: 'recovers' });
    expect(markdown).toBe(text);
  });
});

describe('a page that cannot be run', () => {
  const cases: readonly (readonly [string, string, string, RegExp | undefined])[] = [
    ['has nothing to run', '# Only prose\n\n    indented', 'x.md: has no block that can be run', /```sh/],
    ['names an unknown place', `\n\n${fence('sh on=wokers', 'true')}`, 'x.md:3: there is no place `wokers`', /workers/],
    ['has an unknown word', fence('sh on=nodes sudo', 'true'), 'x.md:1: unknown word `sudo`', /on, timeout, look/],
    ['has a bare time', fence('sh timeout=90', 'true'), 'x.md:1: timeout=90 is no length of time', /90s/],
    ['lacks a value', fence('sh on', 'true'), 'x.md:1: `on` wants a value', /on=/],
    ['has a value too many', fence('sh look=yes', 'true'), 'x.md:1: `look` takes no value', /look/],
    ['says a thing twice', fence('sh on=nodes on=workers', 'true'), 'x.md:1: `on` stands there twice', undefined],
    ['has an empty block', fence('sh', ''), 'x.md:1: the block is empty', undefined],
    ['reboots the workstation', fence('sh reboot', 'reboot'), 'x.md:1: `reboot` needs nodes', /on=workers/],
    ['panics otherwise', fence('sh on-panic=cry on=nodes', '-'), 'x.md:1: `on-panic=cry` is not known', /halt/],
    ['has an unknown key', `---\nclaim: x\n---\n${page}`, 'x.md:1: Unrecognized key: "claim"', /id, title/],
    ['has a bad id', `---\nid: Ours\n---\n${page}`, 'x.md:1: id must be lower-case', undefined],
    ['has bad YAML', `---\nid: ours\nwhy: [\n---\n${page}`, 'x.md:', undefined],
  ];
  it.each(cases)('%s', (_, text, message, hint) => {
    let thrown: unknown;
    try {
      runbookOfMarkdown(text, 'x.md');
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(FiredrillError);
    const { code, message: told, hint: next } = thrown as FiredrillError;
    expect(code).toBe('usage');
    expect(told.startsWith(message), told).toBe(true);
    if (hint !== undefined) expect(next).toMatch(hint);
  });
});
