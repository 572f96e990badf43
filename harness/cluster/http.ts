import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';

/** The API answered, and the answer was no. `message` is the Status' own. */
export class ApiError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(`API says ${code}: ${message}`);
    this.name = 'ApiError';
    this.code = code;
  }
}

interface Access {
  readonly server: string;
  readonly options: RequestOptions;
  /** Whose TLS sessions are kept, and whose are not. */
  readonly agents: { readonly known: Agent; readonly newcomer: Agent };
}

const known = new WeakMap<KubeConfig, Promise<Access>>();

/**
 * Server, credentials and agent of a kubeconfig. Sockets are not kept (the API may vanish and come back under the same
 * address, and a kept socket would hang until TCP gives up), but TLS sessions are: a probe that asks every second should not
 * pay for a whole handshake each time. Whoever resumes one does not look at the server's certificate again, so that a newcomer has
 * an agent without.
 */
function accessOf(config: KubeConfig): Promise<Access> {
  let access = known.get(config);
  if (access === undefined) {
    access = (async () => {
      const options: RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      const { ca, cert, key, rejectUnauthorized, servername } = options;
      const tls = Object.fromEntries(
        Object.entries({ ca, cert, key, rejectUnauthorized, servername }).filter(([, value]) => value !== undefined),
      );
      const server = config.getCurrentCluster()?.server ?? '';
      const agents = {
        known: new Agent({ ...tls, keepAlive: false }),
        newcomer: new Agent({ ...tls, keepAlive: false, maxCachedSessions: 0 }),
      };
      return { server, options, agents };
    })();
    known.set(config, access);
    access.catch(() => known.delete(config));
  }
  return access;
}

/**
 * One request, JSON in and out. client-node's generated clients check and copy every field of every object by reflection,
 * which on a list of pods costs several times the request itself; the harness must not starve what it measures.
 *
 * @throws ApiError when the API says no; the socket's error when it does not answer; an AbortError with the signal
 */
export async function requestJson<T>(
  config: KubeConfig,
  path: string,
  options: {
    readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
    readonly body?: unknown;
    readonly contentType?: string;
    /** A whole handshake, as a client has it that was not here before; else a TLS session may be resumed. */
    readonly newcomer?: boolean;
    readonly signal: AbortSignal;
  },
): Promise<T> {
  const { server, options: access, agents } = await accessOf(config);
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  const headers: Record<string, string | number> = { accept: 'application/json' };
  if (body !== undefined) {
    headers['content-type'] = options.contentType ?? 'application/json';
    headers['content-length'] = Buffer.byteLength(body);
  }
  const { code, text } = await new Promise<{ readonly code: number; readonly text: string }>((resolve, reject) => {
    const request = httpsRequest(
      new URL(path, server),
      {
        ...access,
        agent: options.newcomer === true ? agents.newcomer : agents.known,
        method: options.method ?? 'GET',
        headers: { ...(access.headers as Record<string, string> | undefined), ...headers },
        signal: options.signal,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          resolve({ code: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new ApiError(code, text.trim().slice(0, 200) || 'an answer that is no JSON');
  }
  if (code < 200 || code > 299) {
    const { message } = parsed as { readonly message?: unknown };
    throw new ApiError(code, typeof message === 'string' ? message : text.slice(0, 200));
  }
  return parsed as T;
}
