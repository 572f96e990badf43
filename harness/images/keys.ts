import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder with the recipes. */
export const recipesDir = fileURLToPath(new URL('../../images/', import.meta.url));

/** A key over several parts, each with its length before it so that no two lists of parts run together. */
export function contentKey(parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:${part};`);
  return hash.digest('hex');
}

/** The first twelve digits: what tags and folders are named by. */
export const short = (key: string): string => key.slice(0, 12);

/**
 * A key over a file or folder: names, the executable bit and contents, nothing else of the file system (no times, no
 * owners), so that a fresh checkout has the same one.
 */
export function pathKey(path: string): string {
  return contentKey(walk(path, ''));
}

function walk(path: string, name: string): string[] {
  const stat = statSync(path);
  if (!stat.isDirectory()) return [name, (stat.mode & 0o100) === 0 ? '-' : 'x', readFileSync(path, 'latin1')];
  return readdirSync(path)
    .sort()
    .flatMap((entry) => walk(join(path, entry), `${name}/${entry}`));
}
