#!/usr/bin/env node
// npm packs no symbolic links. Before it packs (`copies`), those of manifests/ and images/ become copies of what they lead to, and links again after
// (`links`). Each is replaced in one step, so that whoever reads meanwhile reads the same.
import { copyFileSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { renameSync, rmSync, statSync, symlinkSync, writeFileSync, chmodSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = process.argv[3] ?? fileURLToPath(new URL('..', import.meta.url));
const list = join(root, '.firedrill', 'packed-links.json');

/** Puts something at a path by way of a name of its own beside it. */
function put(path, make) {
  const beside = `${path}.new`;
  rmSync(beside, { force: true });
  make(beside);
  renameSync(beside, path);
}

function makeLinks() {
  if (!existsSync(list)) return;
  for (const [path, target] of Object.entries(JSON.parse(readFileSync(list, 'utf8'))))
    put(join(root, path), (beside) => symlinkSync(target, beside));
  rmSync(list);
}

function makeCopies() {
  const links = ['manifests', 'images']
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((name) => join(root, folder, name)))
    .filter((path) => lstatSync(path).isSymbolicLink() && statSync(path).isFile());
  mkdirSync(join(root, '.firedrill'), { recursive: true });
  writeFileSync(
    list,
    JSON.stringify(Object.fromEntries(links.map((path) => [relative(root, path), readlinkSync(path)]))),
  );
  for (const path of links)
    put(path, (beside) => {
      copyFileSync(path, beside);
      chmodSync(beside, statSync(path).mode);
    });
}

// What an interrupted one has left are copies.
makeLinks();
if (process.argv[2] === 'copies') makeCopies();
