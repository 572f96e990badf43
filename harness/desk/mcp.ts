import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { manifest } from '../host/manifest.ts';
import { sleep } from '../host/time.ts';
import type { ExecResult } from '../model/cluster.ts';
import { oneLine } from '../model/errors.ts';
import { seconds } from '../model/units.ts';
import type { Desk } from './desk.ts';
import { shellWord } from './command-log.ts';
import type { DeskEnding } from './program.ts';

/** How much of one answer an agent is given (characters of each output). */
const shown = 20_000;
/** How long a call may take, and how long of that it waits for the desk: clients give it a minute. */
const callMs = seconds(50);
const deskMs = seconds(20);

const timeout = z.number().int().min(1).max(50).default(30).describe('Seconds after which it is cut off');

/** A desk for an agent that speaks the Model Context Protocol. */
export interface AgentDesk {
  /** Seats the agent at a desk until it says that it is done, goes away, or the signal aborts. */
  work(desk: Desk, given: { readonly signal: AbortSignal }): Promise<DeskEnding>;
  /** Aborts when the agent goes away. */
  readonly gone: AbortSignal;
  /** Tells the server that nothing will come any more, where its transport does not notice. */
  hangUp(): void;
  close(): Promise<void>;
}

/**
 * Serves the tools of a desk over a transport, from now on; calls wait for the desk. Commands pass through the desk, which notes them.
 * @throws where the transport cannot be started
 */
export async function agentDesk(transport: Transport): Promise<AgentDesk> {
  const server = new McpServer(
    { name: 'firedrill', version: manifest.version },
    {
      instructions:
        'You are on call for a Kubernetes cluster with users on it. Wait for alerts, find out what is wrong, restore service, and call done. ' +
        'Users see every failed request; acknowledged data must not be lost; other services must not be harmed.',
    },
  );
  let seated: Desk | undefined;
  let over: string | undefined;
  let finish: (ending: DeskEnding) => void = () => undefined;
  const left = new AbortController();
  const deskOf = async (): Promise<Desk | string> => {
    for (let waited = 0; seated === undefined && over === undefined && waited < deskMs; waited += 250) await sleep(250);
    return over ?? seated ?? 'The cluster is still being set up. Call again.';
  };
  const withDesk = async (use: (desk: Desk) => Promise<string>): Promise<CallToolResult> => {
    const desk = await deskOf();
    if (typeof desk === 'string') return answer(desk, true);
    try {
      return answer(await use(desk));
    } catch (error) {
      return answer(oneLine(error), true);
    }
  };

  server.registerTool(
    'kubectl',
    {
      title: 'kubectl',
      description: 'Runs kubectl on the cluster, by the words that follow it.',
      inputSchema: {
        args: z.array(z.string()).min(1).describe('["get", "pods", "-A"]'),
        stdin: z.string().optional().describe('For `apply -f -`'),
        timeout_seconds: timeout,
      },
    },
    ({ args, stdin, timeout_seconds }) =>
      withDesk(async (desk) =>
        said(
          await desk.kubectl(args, {
            timeoutMs: seconds(timeout_seconds),
            ...(stdin === undefined ? {} : { input: stdin }),
          }),
        ),
      ),
  );
  server.registerTool(
    'node_shell',
    {
      title: 'Shell on a node',
      description:
        'Runs a command as root in a shell on a node. `nodes` tells their names, also while the API does not answer.',
      inputSchema: { node: z.string(), command: z.string().min(1), timeout_seconds: timeout },
    },
    ({ node, command, timeout_seconds }) =>
      withDesk(async (desk) => said(await desk.onNode(node, command, { timeoutMs: seconds(timeout_seconds) }))),
  );
  server.registerTool('nodes', { title: 'Nodes', description: 'Names of the nodes.', inputSchema: {} }, () =>
    withDesk((desk) => Promise.resolve((desk.env['NODES'] ?? '').split(' ').join('\n'))),
  );
  server.registerTool(
    'alerts',
    {
      title: 'Alerts',
      description:
        'All alerts so far, oldest first, as lines of JSON. With wait_seconds it answers as soon as there are more than `seen`.',
      inputSchema: {
        seen: z.number().int().min(0).default(0).describe('How many you know already; they are left out'),
        wait_seconds: z.number().int().min(0).max(45).default(0),
      },
    },
    ({ seen, wait_seconds }) => {
      const begun = Date.now();
      return withDesk(async (desk) => {
        const { feed } = desk;
        const endMs = Math.min(Date.now() + wait_seconds * 1000, begun + callMs);
        while (feed.alerts.length <= seen && Date.now() < endMs && over === undefined) await sleep(250);
        const news = feed.alerts.slice(seen);
        return news.length === 0 ? 'No alerts.' : news.map((alert) => JSON.stringify(alert)).join('\n');
      });
    },
  );
  server.registerTool(
    'logs',
    {
      title: 'Logs',
      description: 'The last lines of a pod (all its containers), or of a unit of systemd on a node.',
      inputSchema: {
        namespace: z.string().optional(),
        pod: z.string().optional().describe('A pod, or what kubectl logs takes: deployment/x'),
        previous: z.boolean().default(false).describe('Of the container that ended'),
        node: z.string().optional(),
        unit: z.string().optional().describe('kubelet, containerd'),
        lines: z.number().int().min(1).max(1000).default(100),
      },
    },
    ({ namespace, pod, previous, node, unit, lines }) =>
      withDesk(async (desk) => {
        if (pod !== undefined) {
          const where = namespace === undefined ? [] : ['-n', namespace];
          const how = [`--tail=${lines}`, '--all-containers', '--prefix', ...(previous ? ['--previous'] : [])];
          return said(await desk.kubectl([...where, 'logs', pod, ...how]));
        }
        if (node === undefined) throw new Error('name a pod, or a node');
        const which = unit === undefined ? '' : ` -u ${shellWord(unit)}`;
        return said(await desk.onNode(node, `journalctl --no-pager -n ${lines}${which}`));
      }),
  );
  server.registerTool(
    'done',
    {
      title: 'Done',
      description: 'Ends your shift. Say in a sentence what was wrong and what you did.',
      inputSchema: { summary: z.string().max(2000).default('') },
    },
    ({ summary }) => {
      const text = oneLine(summary).slice(0, 300);
      const says = text === '' ? 'it said that it was done' : `it said that it was done: ${text}`;
      if (seated === undefined && over === undefined) return answer('Your shift has not begun.', true);
      finish({ how: 'done', says });
      return answer('Noted. What follows is watched without you.');
    },
  );

  const goAway = (): void => {
    if (left.signal.aborted) return;
    left.abort(new Error('the agent went away'));
    finish({ how: 'done', says: 'it went away' });
  };
  server.server.onclose = goAway;
  await server.connect(transport);
  return {
    gone: left.signal,
    hangUp: goAway,
    work: async (desk, { signal }) => {
      seated = desk;
      const ending = await new Promise<DeskEnding>((resolve) => {
        finish = resolve;
        const stop = (): void => {
          resolve({ how: 'over', says: 'it was stopped: its trial was over' });
        };
        if (left.signal.aborted) resolve({ how: 'done', says: 'it went away' });
        if (signal.aborted) stop();
        else signal.addEventListener('abort', stop, { once: true });
      });
      seated = undefined;
      over = 'Your shift is over.';
      return ending;
    },
    close: () => server.close(),
  };
}

const answer = (text: string, isError = false): CallToolResult => ({
  content: [{ type: 'text', text }],
  ...(isError ? { isError } : {}),
});

/** What a command left, as an agent reads it. */
function said({ exitCode, stdout, stderr }: ExecResult): string {
  const cut = (text: string): string =>
    text.length <= shown
      ? text.trimEnd()
      : `${text.slice(0, shown).trimEnd()}\n[${text.length - shown} characters more]`;
  const out = [cut(stdout), ...(stderr.trim() === '' ? [] : [`[stderr]\n${cut(stderr)}`])].filter(
    (text) => text !== '',
  );
  return [...out, `[exit code ${exitCode}]`].join('\n');
}
