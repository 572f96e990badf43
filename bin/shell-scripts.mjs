import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { extname, join } from 'node:path';

/**
 * Which of these files are shell scripts: `*.sh`, and files without a suffix whose first line names a shell. What has no such line is
 * handed to sh by whoever runs it, and has to be told to shellcheck.
 * @param {readonly string[]} paths
 * @param {(path: string) => string} read a file's text
 */
export function shellScripts(paths, read) {
  const scripts = { named: [], plain: [] };
  for (const path of paths) {
    const suffix = extname(path);
    if (suffix !== '.sh' && suffix !== '') continue;
    const named = /^#!.*\b(ba|da|)sh\b/.test(read(path));
    if (named) scripts.named.push(path);
    else if (suffix === '.sh') scripts.plain.push(path);
  }
  return scripts;
}

/**
 * The arguments of shellcheck for all scripts of a checkout, one list for each call.
 * @param {string} root
 */
export function shellcheckCalls(root) {
  const listed = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (listed.status !== 0) throw new Error(`git ls-files: ${listed.error?.message ?? listed.stderr.trim()}`);
  const read = (path) => {
    try {
      return readFileSync(join(root, path), 'utf8');
    } catch {
      return ''; // deleted and not yet committed, or a folder behind a link
    }
  };
  const { named, plain } = shellScripts(listed.stdout.split('\0').filter(Boolean), read);
  return [...(named.length > 0 ? [named] : []), ...(plain.length > 0 ? [['--shell=sh', ...plain]] : [])];
}

/** Whether shellcheck is on this machine. */
export const hasShellcheck = () => spawnSync('shellcheck', ['--version']).status === 0;
