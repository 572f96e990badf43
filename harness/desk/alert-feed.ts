import { appendFileSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An alert as somebody on call is told of it: of the outage it knows what it measures, and no more. */
export interface DeskAlert {
  /** When, as ISO 8601. */
  readonly at: string;
  readonly alert: string;
  readonly state: 'firing' | 'resolved';
  readonly summary: string;
  /** What it saw; of one that is resolved nothing. */
  readonly says?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Alerts as they fire: a file of JSON lines that grows, and the same on loopback. */
export interface AlertFeed {
  readonly file: string;
  /** All of them so far, a line of JSON each; `/follow` goes on. */
  readonly url: string;
  readonly alerts: readonly DeskAlert[];
  push(alert: DeskAlert): void;
  close(): Promise<void>;
}

/** More follow at once than anybody needs; whoever comes then is told so. */
const followersAtMost = 16;

/** Begins an empty feed in a file. @throws where no port of loopback can be had */
export async function openAlertFeed(file: string): Promise<AlertFeed> {
  writeFileSync(file, '');
  const alerts: DeskAlert[] = [];
  const followers = new Set<ServerResponse>();
  const lineOf = (alert: DeskAlert) => `${JSON.stringify(alert)}\n`;
  const server = createServer((request, response) => {
    const follows = request.url === '/follow';
    if ((!follows && request.url !== '/') || followers.size >= followersAtMost) {
      response.writeHead(follows ? 503 : 404).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.write(alerts.map(lineOf).join(''));
    if (!follows) response.end();
    else {
      followers.add(response);
      response.on('close', () => followers.delete(response));
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    file,
    url: `http://127.0.0.1:${port}/`,
    alerts,
    push: (alert) => {
      alerts.push(alert);
      appendFileSync(file, lineOf(alert));
      for (const follower of followers) follower.write(lineOf(alert));
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
