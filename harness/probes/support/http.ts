import { request, type Agent } from 'node:http';
import { beforeAbort } from '../../model/abort.ts';
import type { Endpoint } from '../../model/cluster.ts';

/** An answer over HTTP; the body is cut at 64 KiB, which no service that is asked here exceeds. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

const maxBody = 65_536;

/**
 * One HTTP request, the whole answer read. Without an agent each request has a TCP connection of its own
 * (`agent: false` sends `Connection: close`).
 *
 * @throws the socket's error (ECONNREFUSED, ECONNRESET, ...) or the signal's reason; the connection is destroyed then
 */
export async function ask(
  endpoint: Endpoint,
  path: string,
  options: {
    readonly signal: AbortSignal;
    readonly method?: 'GET' | 'POST';
    readonly body?: string;
    readonly agent?: Agent;
  },
): Promise<HttpAnswer> {
  const { host, port } = endpoint;
  const { signal, body } = options;
  signal.throwIfAborted();
  const answered = new Promise<HttpAnswer>((resolve, reject) => {
    const sent = request({
      host,
      port,
      path,
      method: options.method ?? 'GET',
      agent: options.agent ?? false,
      signal,
      headers:
        body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    });
    sent.on('error', reject);
    sent.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        if (text.length < maxBody) text += chunk;
      });
      response.on('error', reject);
      response.on('end', () => {
        if (response.complete) resolve({ status: response.statusCode ?? 0, body: text });
        else reject(new Error('the answer broke off'));
      });
      response.on('close', () => {
        // After 'end' this is of no consequence: the promise is settled.
        reject(new Error('the answer broke off'));
      });
    });
    sent.end(body);
  });
  // A request that waits for its agent's one connection does not hear of its own abortion until it gets it.
  return await beforeAbort(answered, signal);
}

/** The answer, if its status is one of 2xx. */
export function good(answer: HttpAnswer): HttpAnswer {
  if (answer.status < 200 || answer.status > 299) throw new Error(`HTTP ${answer.status}`);
  return answer;
}
