import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeCluster, type FakeCluster } from '../../test/support/fake-cluster.ts';
import { millis } from '../model/units.ts';
import { apart } from './apart.ts';
import type { CommandEnd, DeskCommand } from './command-log.ts';
import { openDesk, type Desk } from './desk.ts';
import { requireProgram, runAtDesk } from './program.ts';

let dir: string;
let desk: Desk;
let noted: (DeskCommand & Partial<CommandEnd>)[];
let fake: FakeCluster;

/** An executable file. */
function program(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'firedrill-desk-test-'));
  noted = [];
  // What stands for the real ones: kubectl says what it was asked, docker runs here what it should in a node.
  program('real-kubectl', 'echo "kubectl $*"; case "$*" in *"-f -"*) cat ;; esac; exit 3');
  program('real-docker', 'shift; [ "$1" != -i ] || shift; shift; exec "$@"');
  mkdirSync(join(dir, 'tools'));
  symlinkSync(join(dir, 'real-kubectl'), join(dir, 'tools', 'kubectl'));
  symlinkSync(join(dir, 'real-docker'), join(dir, 'tools', 'docker'));
  fake = fakeCluster({
    workstationEnv: {
      PATH: `${join(dir, 'tools')}:${process.env['PATH'] ?? ''}`,
      KUBECONFIG: join(dir, 'kubeconfig'),
      MANIFESTS: dir,
      BACKUP: dir,
    },
    exec: ({ on, command }) => (command.startsWith('kill') ? '' : `${on} did ${command}`),
  });
  desk = await openDesk({
    cluster: fake,
    limitMs: 60_000,
    commands: {
      started: (command) => void noted.push({ ...command }),
      ended: ({ index }, end) => {
        const at = noted.findIndex((one) => one.index === index);
        noted[at] = { ...(noted[at] as DeskCommand), ...end };
      },
    },
  });
});
afterEach(async () => {
  await desk.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Runs a shell's text at the desk, to its end. */
async function typed(text: string, limitMs = 20_000, signal = new AbortController().signal) {
  const log = join(dir, 'log');
  const ending = await runAtDesk(desk, [program('agent', text)], {
    ...{ apart: await apart([]), limitMs, log, signal },
  });
  return { ending, said: readFileSync(log, 'utf8') };
}

describe('a desk', () => {
  it('passes kubectl and ssh through, and notes instant, words, exit code and the last of what was printed', async () => {
    const { ending, said } = await typed(
      [
        'kubectl get pods -A; echo "exit $?"',
        "printf 'a: 1\\n' | kubectl apply -f -",
        'ssh -o X=y root@fake-worker \'echo hi; exit 4\'; echo "exit $?"',
        'ssh fake-worker sh <<E\nsystemctl restart it || echo no\nE',
        'ssh elsewhere true; echo "exit $?"',
      ].join('\n'),
    );
    expect(ending).toEqual({ how: 'done', says: 'it ended with exit code 0' });
    expect(said).toContain('kubectl get pods -A\nexit 3\n');
    expect(said).toContain('hi\nexit 4\n');
    expect(said).toContain('Could not resolve hostname elsewhere: there are fake-control-plane fake-worker');
    expect(noted).toMatchObject([
      {
        on: 'workstation',
        command: 'kubectl get pods -A',
        changes: false,
        exitCode: 3,
        output: 'kubectl get pods -A\n',
      },
      { on: 'workstation', command: "kubectl apply -f - <<'EOF'\na: 1\nEOF", changes: true, exitCode: 3 },
      { on: 'fake-worker', command: 'echo hi; exit 4', exitCode: 4, output: 'hi\n' },
      { on: 'fake-worker', command: 'systemctl restart it || echo no', changes: true, exitCode: 0 },
    ]);
  });

  it('notes the same of who calls it from here', async () => {
    expect(await desk.onNode('fake-worker', 'uptime')).toMatchObject({ stdout: 'fake-worker did set +e\nuptime' });
    await desk.kubectl(['delete', 'pod', "it's"], { timeoutMs: millis(1000) });
    expect(fake.calls.at(-1)?.command).toBe(String.raw`kubectl delete pod 'it'\''s'`);
    expect(noted.map(({ command, changes, exitCode }) => [command, changes, exitCode])).toEqual([
      ['uptime', false, 0],
      [String.raw`kubectl delete pod 'it'\''s'`, true, 0],
    ]);
    expect(() => desk.onNode('elsewhere', 'uptime')).toThrow('there is no node elsewhere');
  });

  it('passes on what is no text, and does not note it', async () => {
    const { said } = await typed(String.raw`printf 'a\0\377b' | ssh fake-worker 'od -An -tx1'`);
    expect(said.trim()).toBe('61 00 ff 62');
    expect(noted[0]?.command).toBe('od -An -tx1 # with input that is no text');
  });

  it('shows alerts as they fire, as a file and on loopback', async () => {
    const alert = { at: '2025-01-01T00:00:00Z', alert: 'a', state: 'firing', summary: 'it is down' } as const;
    desk.feed.push(alert);
    expect(readFileSync(desk.env['ALERTS'] ?? '', 'utf8')).toBe(`${JSON.stringify(alert)}\n`);
    expect(await (await fetch(desk.env['ALERTS_URL'] ?? '')).text()).toBe(`${JSON.stringify(alert)}\n`);
    const following = await fetch(`${desk.env['ALERTS_URL'] ?? ''}follow`);
    const reader = following.body?.getReader();
    await reader?.read();
    desk.feed.push({ ...alert, state: 'resolved' });
    expect(new TextDecoder().decode((await reader?.read())?.value as Uint8Array)).toContain('"resolved"');
  });

  it('takes its folder away, and ends what runs on nodes by its own process group', async () => {
    const agent = typed('ssh fake-worker sleep 60');
    await expect.poll(() => noted.length).toBe(1);
    // The node's shell has told its process id.
    await new Promise((resolve) => setTimeout(resolve, 300));
    await desk.close();
    expect((await agent).said).toContain('your shift is over');
    expect(noted[0]).toMatchObject({ command: 'sleep 60', exitCode: 137 });
    expect(fake.calls.map(({ command }) => command).join('\n')).toMatch(/kill -KILL -\d+/);
    expect(existsSync(desk.dir)).toBe(false);
  });
});

describe('a program at a desk', () => {
  it('is stopped at its limit, with all that it started', async () => {
    const { ending, said } = await typed(
      '(sleep 61.5 & setsid sleep 61.5 & trap "" TERM; echo here; while :; do sleep 0.1; done)',
      500,
    );
    expect(ending).toMatchObject({ how: 'late' });
    expect(said).toBe('here\n');
    expect(existsSync('/proc') && (await runs('sleep 61.5'))).toBe(false);
  });

  it('is stopped when it floods its output, of which little is kept', async () => {
    const { ending, said } = await typed('yes flood');
    expect(ending).toMatchObject({ how: 'flooded' });
    expect(said.length).toBeLessThan(600_000);
  });

  it('may kill its own shell', async () => {
    expect((await typed('kill -KILL $$')).ending).toMatchObject({ how: 'done' });
  });

  it('may be no program at all', async () => {
    writeFileSync(join(dir, 'agent2'), '#!/nowhere/interpreter\n');
    chmodSync(join(dir, 'agent2'), 0o755);
    const given = {
      apart: await apart([]),
      limitMs: 5000,
      log: join(dir, 'log'),
      signal: new AbortController().signal,
    };
    expect(await runAtDesk(desk, [join(dir, 'agent2')], given)).toMatchObject({ how: 'failed' });
    expect(
      await runAtDesk(desk, ['/nowhere'], { ...given, apart: { prefix: [], how: 'process group' } }),
    ).toMatchObject({
      how: 'failed',
      says: 'it could not be started: ENOENT',
    });
    writeFileSync(join(dir, 'plain'), '');
    expect(() => requireProgram(join(dir, 'plain'))).toThrow('cannot be executed');
    expect(() => requireProgram(join(dir, 'missing'))).toThrow('there is no such file');
    expect(() => requireProgram(dir)).toThrow('is no file');
  });
});

/** Whether a process with these words is there. */
async function runs(words: string): Promise<boolean> {
  const { execa } = await import('execa');
  return (await execa('ps', ['-eo', 'args'])).stdout.split('\n').includes(words);
}
