import { Agent } from 'node:http';
import type { Probe } from '../model/probe.ts';
import { millis } from '../model/units.ts';
import { ask, good } from './support/http.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** The store's own count of writes, as the controller passes it on: an array with the answer of each backend, as text. */
export function revisionOf(body: string): number {
  const [answer] = JSON.parse(body) as readonly unknown[];
  const { header } = JSON.parse(String(answer)) as { readonly header?: { readonly revision?: string } };
  const revision = Number(header?.revision);
  if (!Number.isSafeInteger(revision)) throw new Error(`not an acknowledged write: ${String(answer).slice(0, 80)}`);
  return revision;
}

/**
 * A client that stores blocks on a replicated volume: each attempt writes through the volume's controller, which answers when a
 * quorum of replicas has it. The count of writes that comes back must be above every one that was acknowledged before: a volume that
 * came back older than it was has lost what it had promised to keep.
 *
 * Source: postmortem 004 ("all 6 Jiva PVCs reach quorum (3/3 replicas running)"; "no data loss").
 */
export function volume(): Probe {
  return {
    sli: 'volume',
    title: 'Writing to a replicated volume',
    periodMs: millis(500),
    timeoutMs: millis(2000),
    bystander: false,
    open({ cluster }) {
      // A connection for each write: whoever mounts a volume again has none.
      const agent = new Agent({ keepAlive: false });
      let highest = 0;
      return Promise.resolve({
        async attempt(n, signal) {
          const acknowledged = highest;
          const body = JSON.stringify({ key: base64('block'), value: base64(String(n)) });
          const answer = good(await ask(cluster.endpoint('volume'), '/echo', { signal, method: 'POST', body, agent }));
          const revision = revisionOf(answer.body);
          highest = Math.max(highest, revision);
          if (revision <= acknowledged) throw new Error(`write ${revision} comes after write ${acknowledged}`);
        },
        close() {
          agent.destroy();
          return Promise.resolve();
        },
      });
    },
  };
}
