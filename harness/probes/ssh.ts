import { connect } from 'node:net';
import { beforeAbort } from '../model/abort.ts';
import type { Endpoint } from '../model/cluster.ts';
import type { Probe } from '../model/probe.ts';
import { millis } from '../model/units.ts';
import { stateless } from './support/stateless.ts';

/**
 * A person who wants to get onto the machine: a new TCP connection to the port of ssh each time, good when the server's greeting comes.
 *
 * Source: postmortem 003 ("my ssh session froze ... I locked myself out of my own server"). RFC 4253, 4.2, for the greeting.
 */
export function ssh(): Probe {
  return stateless(
    {
      sli: 'ssh',
      title: 'Logging in to the machine by ssh',
      periodMs: millis(500),
      timeoutMs: millis(1000),
      bystander: false,
    },
    async ({ cluster }, _n, signal) => {
      const said = await greeting(cluster.endpoint('ssh'), signal);
      if (!said.startsWith('SSH-2.0-')) throw new Error(`no ssh server: ${JSON.stringify(said.slice(0, 40))}`);
    },
  );
}

/** The first line that a server sends of its own accord, or what came until it hung up. */
async function greeting({ host, port }: Endpoint, signal: AbortSignal): Promise<string> {
  const socket = connect({ host, port });
  const greeted = new Promise<string>((resolve, reject) => {
    let said = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      said += chunk;
      if (said.includes('\n') || said.length > 1000) resolve(said);
    });
    socket.on('end', () => {
      resolve(said);
    });
    socket.on('error', reject);
  });
  try {
    return await beforeAbort(greeted, signal);
  } finally {
    socket.destroy();
  }
}
