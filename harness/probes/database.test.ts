import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeCluster } from '../../test/support/fake-cluster.ts';
import { instant } from '../model/units.ts';
import { database, documentBody } from './database.ts';

/** A database as two tables, behind pg's client. Queries wait for `gate` when there is one. */
const store = vi.hoisted(() => ({
  ledger: [] as { id: string; body: string }[],
  documents: [] as { id: string; body: string; sha256: string }[],
  connects: 0,
  refuse: false,
  /** Awaited before the named table is read or written. */
  gate: (_query: string): Promise<void> => Promise.resolve(),
}));

vi.mock('pg', () => {
  class DatabaseError extends Error {
    code: string | undefined;
  }
  class Client {
    on(): void {
      // No connection breaks by itself here.
    }
    connect(): Promise<void> {
      store.connects++;
      return store.refuse ? Promise.reject(new Error('connect ECONNREFUSED')) : Promise.resolve();
    }
    async query(text: string, values: readonly string[] = []): Promise<{ rows: unknown[] }> {
      const seen = { ledger: [...store.ledger], documents: [...store.documents] };
      await store.gate(text);
      if (text.startsWith('INSERT')) {
        store.ledger.push({ id: values[0] ?? '', body: values[1] ?? '' });
        return { rows: [] };
      }
      if (text.includes('WHERE id')) return { rows: store.ledger.filter((row) => row.id === values[0]) };
      if (text.includes('FROM ledger')) return { rows: seen.ledger };
      if (text.includes('FROM documents')) return { rows: seen.documents };
      return { rows: [] };
    }
  }
  return { default: { Client, DatabaseError } };
});

const live = (): AbortSignal => new AbortController().signal;
let nowMs = 0;
const open = () => database().open({ cluster: fakeCluster(), signal: live(), now: () => instant(nowMs) });

beforeEach(() => {
  store.ledger = [];
  store.documents = Array.from({ length: 1133 }, (_, i) => {
    const body = documentBody(i + 1);
    return { id: String(i + 1), body, sha256: createHash('sha256').update(body).digest('hex') };
  });
  store.connects = 0;
  store.refuse = false;
});
afterEach(() => {
  store.gate = () => Promise.resolve();
});

describe('the database probe', () => {
  it('keeps one connection, and remembers each acknowledged row with its instant', async () => {
    const session = await open();
    for (let n = 0; n < 5; n++) {
      nowMs = 100 * (n + 1);
      await session.attempt(n, live());
    }
    expect(store.connects).toBe(1);
    store.ledger = store.ledger.filter((_, i) => i !== 2);
    const [ledger, documents] = (await session.audit?.(live())) ?? [];
    expect(ledger).toEqual({
      store: 'ledger',
      acknowledged: 5,
      missing: 1,
      altered: 0,
      duplicated: 0,
      unexpected: 0,
      oldestLostAckMs: 300,
    });
    expect(documents).toMatchObject({ store: 'documents', acknowledged: 1133, missing: 0, altered: 0 });
  });

  it('does not miss rows that are acknowledged while the audit reads', async () => {
    const session = await open();
    await session.attempt(0, live());
    store.gate = async (query) => {
      if (!query.includes('FROM ledger') || query.includes('WHERE')) return;
      // The read has its snapshot, and its answer is on the way.
      store.gate = () => Promise.resolve();
      await session.attempt(1, live());
    };
    const [ledger] = (await session.audit?.(live())) ?? [];
    expect(ledger).toMatchObject({ acknowledged: 1, missing: 0, unexpected: 0 });
  });

  it('counts a row as acknowledged that the database confirmed too late for the probe', async () => {
    const session = await open();
    const controller = new AbortController();
    store.gate = (query) => {
      if (query.startsWith('INSERT')) controller.abort(new Error('late'));
      return Promise.resolve();
    };
    await session.attempt(0, controller.signal).catch(() => undefined);
    store.gate = () => Promise.resolve();
    const [ledger] = (await session.audit?.(live())) ?? [];
    expect(ledger).toMatchObject({ acknowledged: 1, missing: 0, unexpected: 0 });
  });

  it('connects again after a failure', async () => {
    store.refuse = true;
    const session = await open();
    await expect(session.attempt(0, live())).rejects.toThrow('ECONNREFUSED');
    store.refuse = false;
    await session.attempt(1, live());
    expect(store.connects).toBe(2);
  });

  it('finds a row that reads back as another', async () => {
    const session = await open();
    store.gate = (query) => {
      if (query.includes('WHERE')) store.ledger = store.ledger.map((row) => ({ ...row, body: 'x' }));
      return Promise.resolve();
    };
    await expect(session.attempt(0, live())).rejects.toThrow('another body');
  });
});
