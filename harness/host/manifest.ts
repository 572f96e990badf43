import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** What package.json says of firedrill: its version, and the least Node (`>=20.19`) that it and its packages run on. */
export const manifest = z
  .object({ version: z.string(), engines: z.object({ node: z.string() }) })
  .parse(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')));
