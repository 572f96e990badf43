import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { drillPage, pageHeaders, pageScript } from './page.ts';

/** What a page of a drill shows, and what it can ask for. */
export interface Drill {
  /** As it is now; `debrief` once there is one. */
  state(): object;
  /** The debrief as a page; undefined while there is none. */
  debrief(): string | undefined;
  takeHint(): void;
  giveUp(): void;
}

/** The pages of a drill on loopback. */
export interface DrillServer {
  /** For the person on call. */
  readonly url: string;
  /** For whoever only looks: it takes no hints and gives nothing up. */
  readonly observerUrl: string;
  /** Closes the pages; one that was open gets so long to fetch the debrief. */
  close(graceMs?: number): Promise<void>;
}

type Who = 'on-call' | 'observer';

/**
 * Serves the pages of a drill on a random port of loopback. Whoever does not know one of the two random addresses gets nothing, nor does a request under
 * another name than loopback's (a name that somebody else's page had resolved to it).
 */
export async function serveDrill(drill: Drill): Promise<DrillServer> {
  const tokens = new Map<string, Who>([
    [randomBytes(16).toString('hex'), 'on-call'],
    [randomBytes(16).toString('hex'), 'observer'],
  ]);
  const [own, observers] = [...tokens.keys()];
  let port = 0;
  /** Pages that have been looked at, and those that have the debrief. */
  const open = new Set<string>();
  const told = new Set<string>();
  const server = createServer((request, response) => {
    const [, token = '', path = ''] = (request.url ?? '').split('/');
    const who = tokens.get(token);
    const host = request.headers.host ?? '';
    if (who === undefined || (host !== `127.0.0.1:${port}` && host !== `localhost:${port}`)) {
      answer(response, 404, 'text/plain', 'not here\n');
      return;
    }
    open.add(token);
    if (request.method === 'GET' && path === 'debrief' && drill.debrief() !== undefined)
      response.on('finish', () => told.add(token));
    handle(request, response, path, who, drill);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  ({ port } = server.address() as AddressInfo);
  return {
    url: `http://127.0.0.1:${port}/${own ?? ''}/`,
    observerUrl: `http://127.0.0.1:${port}/${observers ?? ''}/`,
    close: async (graceMs = 0) => {
      const end = performance.now() + graceMs;
      while (performance.now() < end && [...open].some((token) => !told.has(token)))
        await new Promise((resolve) => setTimeout(resolve, 100));
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      });
    },
  };
}

function handle(request: IncomingMessage, response: ServerResponse, path: string, who: Who, drill: Drill): void {
  if (request.method === 'POST') {
    // A header of its own: a form of another page cannot send it.
    if (who !== 'on-call' || request.headers['x-drill'] !== '1')
      answer(response, 403, 'text/plain', 'only to look at\n');
    else if (path !== 'hint' && path !== 'give-up') answer(response, 404, 'text/plain', 'not here\n');
    else {
      if (path === 'hint') drill.takeHint();
      else drill.giveUp();
      answer(response, 200, 'application/json', '{}');
    }
    return;
  }
  const debrief = drill.debrief();
  if (request.method !== 'GET') answer(response, 405, 'text/plain', 'GET or POST\n');
  else if (path === '') answer(response, 200, 'text/html; charset=utf-8', drillPage(who));
  else if (path === 'page.js') answer(response, 200, 'text/javascript; charset=utf-8', pageScript());
  else if (path === 'state')
    answer(
      response,
      200,
      'application/json',
      JSON.stringify({ ...drill.state(), ...(debrief === undefined ? {} : { debrief: true }) }),
    );
  else if (path === 'debrief' && debrief !== undefined) answer(response, 200, 'text/html; charset=utf-8', debrief);
  else answer(response, 404, 'text/plain', 'not here\n');
}

function answer(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { ...pageHeaders, 'content-type': type }).end(body);
}
