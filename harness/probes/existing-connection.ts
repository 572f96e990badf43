import { Agent } from 'node:http';
import type { Probe } from '../model/probe.ts';
import { millis } from '../model/units.ts';
import { ask, good } from './support/http.ts';

/**
 * A user who is already there: HTTP GET over one keep-alive connection that was opened before the fault. When it breaks, or
 * an answer is late, that sample is bad and the next one opens another. Many of these outages leave existing connections
 * alone and refuse new ones, or the other way round.
 *
 * There is one connection, so attempts queue behind one that hangs, and are late with it, as a user's would be.
 *
 * Source: postmortem 002 (pods went on Running while nothing new could start).
 */
export function existingConnection(): Probe {
  return {
    sli: 'existing-connection',
    title: 'HTTP over a connection opened before the fault',
    periodMs: millis(250),
    timeoutMs: millis(1000),
    bystander: false,
    open(context) {
      const agent = new Agent({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1, scheduling: 'fifo' });
      return Promise.resolve({
        async attempt(_n, signal) {
          good(await ask(context.cluster.endpoint('web'), '/', { signal, agent }));
        },
        close() {
          agent.destroy();
          return Promise.resolve();
        },
      });
    },
  };
}
