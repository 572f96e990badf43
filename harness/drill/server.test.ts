import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serveDrill, type DrillServer } from './server.ts';

let server: DrillServer;
let debrief: string | undefined;
const done: string[] = [];
beforeEach(async () => {
  debrief = undefined;
  done.length = 0;
  server = await serveDrill({
    state: () => ({ phase: 'on-call' }),
    debrief: () => debrief,
    takeHint: () => void done.push('hint'),
    giveUp: () => void done.push('give up'),
  });
});
afterEach(() => server.close());

const post = (url: string, path: string, headers: Record<string, string> = { 'x-drill': '1' }) =>
  fetch(url + path, { method: 'POST', headers }).then(({ status }) => status);

/** Fetch sends no other Host. */
const asHost = (url: string, host: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    request(url, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });

describe('serveDrill', () => {
  it('is on loopback, under two addresses that cannot be guessed', async () => {
    expect(new URL(server.url).hostname).toBe('127.0.0.1');
    expect(new URL(server.url).pathname).toMatch(/^\/[0-9a-f]{32}\/$/);
    expect(server.observerUrl).not.toBe(server.url);
    const { origin } = new URL(server.url);
    for (const path of ['/', '/state', `/${'0'.repeat(32)}/`, `/${'0'.repeat(32)}/state`])
      expect((await fetch(origin + path)).status).toBe(404);
    expect((await fetch(server.url)).status).toBe(200);
    expect(await (await fetch(`${server.url}state`)).json()).toEqual({ phase: 'on-call' });
  });

  it('answers to no other name: a page elsewhere may have its own resolved to loopback', async () => {
    expect(await asHost(server.url, `evil.example:${new URL(server.url).port}`)).toBe(404);
    expect(await asHost(server.url, `localhost:${new URL(server.url).port}`)).toBe(200);
  });

  it('allows nothing from elsewhere, and no script but its own', async () => {
    const page = await fetch(server.url);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    const text = await page.text();
    expect(text.match(/(src|href)="[^"]*"/g)).toEqual(['src="page.js"']);
    expect((await fetch(`${server.url}page.js`)).headers.get('content-type')).toContain('text/javascript');
  });

  it('takes hints and giving up from the person, not from an observer, nor from a form of another page', async () => {
    expect(await post(server.url, 'hint')).toBe(200);
    expect(await post(server.url, 'give-up')).toBe(200);
    expect(done).toEqual(['hint', 'give up']);
    expect(await post(server.observerUrl, 'give-up')).toBe(403);
    expect(await post(server.url, 'give-up', {})).toBe(403);
    expect(done).toHaveLength(2);
    expect(await (await fetch(server.observerUrl)).text()).not.toContain('give-up');
  });

  it('has the debrief when it is there, and closes when who looked has it', async () => {
    expect((await fetch(`${server.url}debrief`)).status).toBe(404);
    debrief = '<p>well</p>';
    expect(await (await fetch(`${server.url}state`)).json()).toMatchObject({ debrief: true });
    const closing = server.close(60_000);
    expect(await (await fetch(`${server.url}debrief`)).text()).toBe('<p>well</p>');
    await closing;
    await expect(fetch(server.url)).rejects.toThrow();
  });
});
