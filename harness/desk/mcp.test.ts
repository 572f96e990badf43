import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeCluster, type FakeCluster } from '../../test/support/fake-cluster.ts';
import type { DeskCommand } from './command-log.ts';
import { openDesk, type Desk } from './desk.ts';
import { agentDesk, type AgentDesk } from './mcp.ts';

let dir: string;
let cluster: FakeCluster;
let desk: Desk;
let served: AgentDesk;
let client: Client;
let noted: DeskCommand[];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'firedrill-mcp-test-'));
  writeFileSync(join(dir, 'kubectl'), '#!/bin/sh\n');
  chmodSync(join(dir, 'kubectl'), 0o755);
  noted = [];
  cluster = fakeCluster({
    workstationEnv: { PATH: dir },
    exec: ({ on, command }) => ({
      stdout: `${on}: ${command}`,
      stderr: 'hm',
      exitCode: command.includes('bad') ? 7 : 0,
    }),
  });
  desk = await openDesk({
    cluster,
    limitMs: 1000,
    commands: { started: (command) => void noted.push(command), ended: () => undefined },
  });
  const [theirs, ours] = InMemoryTransport.createLinkedPair();
  served = await agentDesk(ours);
  client = new Client({ name: 'agent', version: '1' });
  await client.connect(theirs);
});
afterEach(async () => {
  await client.close();
  await served.close();
  await desk.close();
  rmSync(dir, { recursive: true, force: true });
});

/** A tool's answer: its text, and whether it is an error. */
async function call(name: string, given: Record<string, unknown> = {}) {
  const { content, isError } = await client.callTool({ name, arguments: given });
  return { text: (content as { text: string }[])[0]?.text, isError: isError === true };
}

describe('the desk of an agent', () => {
  it('has tools for kubectl, nodes, alerts, logs, and to say that it is done; every command is noted', async () => {
    const ending = served.work(desk, { signal: new AbortController().signal });
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual([
      'kubectl',
      'node_shell',
      'nodes',
      'alerts',
      'logs',
      'done',
    ]);
    expect(await call('kubectl', { args: ['get', 'pods', '-l', 'a in (b)'] })).toEqual({
      text: "workstation: kubectl get pods -l 'a in (b)'\n[stderr]\nhm\n[exit code 0]",
      isError: false,
    });
    expect((await call('kubectl', { args: ['apply', '-f', '-'], stdin: 'a: 1\n' })).text).toContain(
      "<<'EOF'\na: 1\nEOF",
    );
    expect((await call('node_shell', { node: 'fake-worker', command: 'bad' })).text).toContain('[exit code 7]');
    expect(await call('node_shell', { node: 'nowhere', command: 'x' })).toMatchObject({
      isError: true,
      text: expect.stringContaining('there is no node nowhere') as string,
    });
    expect((await call('nodes')).text).toBe('fake-control-plane\nfake-worker\nfake-worker2');
    await call('logs', { namespace: 'web', pod: 'a', lines: 5 });
    await call('logs', { node: 'fake-worker', unit: 'kubelet' });
    expect(noted.map(({ on, command, changes }) => [on, command, changes])).toEqual([
      ['workstation', "kubectl get pods -l 'a in (b)'", false],
      ['workstation', "kubectl apply -f - <<'EOF'\na: 1\nEOF", true],
      ['fake-worker', 'bad', true],
      ['workstation', 'kubectl -n web logs a --tail=5 --all-containers --prefix', false],
      ['fake-worker', 'journalctl --no-pager -n 100 -u kubelet', false],
    ]);
    expect((await call('alerts')).text).toBe('No alerts.');
    const waiting = call('alerts', { wait_seconds: 20 });
    desk.feed.push({ at: 'now', alert: 'a', state: 'firing', summary: 's' });
    expect((await waiting).text).toBe('{"at":"now","alert":"a","state":"firing","summary":"s"}');
    expect((await call('alerts', { seen: 1 })).text).toBe('No alerts.');
    expect((await call('done', { summary: 'it was\nDNS' })).isError).toBe(false);
    expect(await ending).toEqual({
      how: 'done',
      says: expect.stringMatching(/^it said that it was done: it was/) as string,
    });
    expect(await call('kubectl', { args: ['get', 'pods'] })).toEqual({ text: 'Your shift is over.', isError: true });
  });

  it('lets calls wait for the desk', async () => {
    const early = call('nodes');
    const ending = served.work(desk, { signal: new AbortController().signal });
    expect((await early).text).toContain('fake-worker');
    await client.close();
    expect(await ending).toEqual({ how: 'done', says: 'it went away' });
    expect(served.gone.aborted).toBe(true);
  });

  it('ends with its trial', async () => {
    const over = new AbortController();
    const ending = served.work(desk, { signal: over.signal });
    over.abort();
    expect(await ending).toMatchObject({ how: 'over' });
  });
});
