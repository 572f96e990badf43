import { createHash } from 'node:crypto';
import { FiredrillError } from '../model/errors.ts';
import { deadline } from './time.ts';

/**
 * Fetches a file and checks it against a checksum file beside it (`<hex>  <name>`).
 * @throws FiredrillError `environment` when either cannot be had or they do not match.
 */
export async function fetchChecked(
  url: string,
  sumUrl: string,
  signal?: AbortSignal,
  fetcher: typeof fetch = fetch,
): Promise<Buffer> {
  using limit = deadline(300_000, signal);
  const get = async (what: string): Promise<Buffer> => {
    try {
      const response = await fetcher(what, { signal: limit.signal, redirect: 'follow' });
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      return Buffer.from(await response.arrayBuffer());
    } catch (cause) {
      signal?.throwIfAborted();
      throw new FiredrillError('environment', `cannot fetch ${what}`, {
        hint: 'install Go to build it instead',
        cause,
      });
    }
  };
  const [data, sums] = [await get(url), (await get(sumUrl)).toString('utf8')];
  const expected = /\b[0-9a-f]{64}\b/.exec(sums)?.[0];
  const actual = createHash('sha256').update(data).digest('hex');
  if (expected !== actual) {
    throw new FiredrillError('environment', `${url} does not match its checksum`, {
      hint: 'try again, or install Go to build it instead',
    });
  }
  return data;
}
