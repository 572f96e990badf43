import type { Probe } from '../model/probe.ts';
import { millis } from '../model/units.ts';
import { ask, good } from './support/http.ts';
import { stateless } from './support/stateless.ts';

/**
 * A user who comes new: HTTP GET through a worker's node port with a TCP connection of its own each time.
 *
 * The time-out of 1 s is below TCP's first retransmission of a lost SYN (1 s, RFC 6298): a request that met the outage cannot
 * be saved by a retransmission after its end, so the outage never looks shorter than it was.
 *
 * Source: postmortem 002, whose services answered nobody; Google's SRE workbook for availability as the user sees it.
 */
export function newConnection(): Probe {
  return stateless(
    {
      sli: 'new-connection',
      title: 'HTTP over a new connection through a worker',
      periodMs: millis(250),
      timeoutMs: millis(1000),
      bystander: false,
    },
    async (context, _n, signal) => {
      // Asked each time: a rebuilt cluster may publish its ports elsewhere.
      good(await ask(context.cluster.endpoint('web'), '/', { signal }));
    },
  );
}
