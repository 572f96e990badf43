import { oneLine } from '../../model/errors.ts';
import type { DataAudit } from '../../model/probe.ts';

/** What is needed of a client of PostgreSQL. */
export interface Queries {
  query(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

interface Relation {
  readonly oid: string;
  readonly name: string;
  readonly kind: 'table' | 'index';
}

/** Tables and B-tree indexes of the user's schema and of the catalogues. */
const relations = `
  SELECT c.oid::text AS oid, n.nspname || '.' || c.relname AS name, CASE c.relkind WHEN 'i' THEN 'index' ELSE 'table' END AS kind
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_am a ON a.oid = c.relam
  WHERE n.nspname IN ('public', 'pg_catalog') AND c.relpersistence = 'p'
    AND (c.relkind = 'r' OR (c.relkind = 'i' AND a.amname = 'btree'))
  ORDER BY 2`;

/**
 * Looks at what lies under the rows: whether every table can be read page by page, and whether every index has all that its table has
 * and nothing else. A database that answers and is damaged there reads as a success until somebody asks the one question that meets
 * it. `acknowledged` is the number of relations looked at, `altered` that of damaged ones.
 *
 * Source: PostgreSQL manual, F.2 "amcheck" (verify_heapam; bt_index_check with heapallindexed).
 *
 * @returns undefined where the extension is not there
 */
export async function auditStructure(client: Queries): Promise<DataAudit | undefined> {
  try {
    await client.query('CREATE EXTENSION IF NOT EXISTS amcheck');
  } catch (error) {
    if (/extension "amcheck" is not available|could not open extension control file/.test(oneLine(error)))
      return undefined;
    throw error;
  }
  try {
    const rows = (await client.query(relations)).rows as readonly Relation[];
    let damaged = 0;
    for (const { oid, kind } of rows) if (!(await isSound(client, oid, kind))) damaged++;
    return {
      store: 'structure',
      acknowledged: rows.length,
      missing: 0,
      altered: damaged,
      duplicated: 0,
      unexpected: 0,
    };
  } finally {
    await client.query('DROP EXTENSION IF EXISTS amcheck');
  }
}

async function isSound(client: Queries, oid: string, kind: Relation['kind']): Promise<boolean> {
  try {
    if (kind === 'index') {
      await client.query('SELECT bt_index_check($1::oid::regclass, true)', [oid]);
      return true;
    }
    const { rows } = await client.query('SELECT count(*)::text AS n FROM verify_heapam($1::oid::regclass)', [oid]);
    return (rows[0] as { readonly n: string } | undefined)?.n === '0';
  } catch (error) {
    // The connection's own end is no finding about this relation.
    if (/Connection terminated|ECONNRESET|terminating connection/.test(oneLine(error))) throw error;
    return false;
  }
}
