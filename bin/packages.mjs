import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

/**
 * What to say to a Node that is older than package.json's `engines` allow, or undefined.
 * @param {string} version `20.20.2`
 */
export function tooOldNode(version) {
  const oldest = engines.node.replace('>=', '');
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [needMajor, needMinor] = oldest.split('.').map(Number);
  if (major > needMajor || (major === needMajor && minor >= needMinor)) return undefined;
  return `Node ${oldest} or newer is needed, this is ${version}; install it from https://nodejs.org or your package manager`;
}

const hashOf = (text) => createHash('sha256').update(text).digest('hex');

/**
 * Whether what npm says it installed (`node_modules/.package-lock.json`, written when an installation ends well) is what the
 * lockfile asks for. Optional packages of other platforms are not missed.
 * @param {string} lockText
 * @param {string} installedText
 */
export function isInstalled(lockText, installedText) {
  const wanted = JSON.parse(lockText).packages;
  const present = JSON.parse(installedText).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '' || entry.link) return true;
    const found = present[path];
    return found === undefined ? entry.optional === true : found.version === entry.version;
  });
}

/**
 * Installs the npm packages when they are missing, half there (an interrupted installation) or older than the lockfile.
 * Two firedrills started at once do it one after the other. Progress goes to stderr.
 * @param {string} root
 * @param {{ readonly say?: (line: string) => void, readonly install?: (root: string) => Promise<number> }} [options]
 */
export async function ensurePackages(root, options = {}) {
  const say = options.say ?? ((line) => process.stderr.write(`${line}\n`));
  const install = options.install ?? npmCi;
  const lockText = readText(join(root, 'package-lock.json'));
  // npm never packs the lockfile: this is no checkout, and whoever installed it has installed what it needs.
  if (lockText === undefined) return;
  const stamp = join(root, 'node_modules', '.firedrill-packages');
  const wanted = hashOf(lockText);
  const isCurrent = () => {
    if (readText(stamp) === wanted) return true;
    const installed = readText(join(root, 'node_modules', '.package-lock.json'));
    if (installed === undefined || !isInstalled(lockText, installed)) return false;
    try {
      // It only saves the comparison next time, and whoever uses somebody else's checkout may not write there.
      writeFileSync(stamp, wanted);
    } catch {
      // Then it is compared again.
    }
    return true;
  };
  if (isCurrent()) return;
  const unlock = await lock(join(root, '.firedrill'), say);
  try {
    if (isCurrent()) return;
    const count = Object.keys(JSON.parse(lockText).packages).length - 1;
    say(`Installing ${count} npm packages (once; about a minute) ...`);
    const started = Date.now();
    const exitCode = await install(root);
    if (exitCode !== 0) {
      const stopped = exitCode === 130 || exitCode === 143;
      const error = new Error(
        stopped
          ? 'the installation was interrupted; the same command starts it again'
          : `npm ci failed with exit code ${exitCode} in ${root}; see the lines above, then: npm ci`,
      );
      error.exitCode = stopped ? exitCode : 5;
      throw error;
    }
    writeFileSync(stamp, wanted);
    say(`npm packages are installed (${Math.round((Date.now() - started) / 1000)} s).`);
  } finally {
    unlock();
  }
}

/**
 * The same for a program that can do nothing without them: ends it with one line on stderr where they cannot be had.
 * @param {string} root
 */
export async function requirePackages(root) {
  try {
    await ensurePackages(root);
  } catch (error) {
    process.stderr.write(`firedrill: ${error.message}\n`);
    process.exit(error.exitCode ?? 5);
  }
}

function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Waits for whoever installs already. A lock whose process is dead counts for nothing. */
async function lock(dir, say) {
  mkdirSync(dir, { recursive: true });
  const path = join(dir, 'install.lock');
  // Made with its owner in it: one that is empty is nobody's, and would be waited for without end.
  const mine = `${path}.${process.pid}`;
  for (let told = false; ;) {
    try {
      writeFileSync(mine, String(process.pid));
      linkSync(mine, path);
      return () => rmSync(path, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    } finally {
      rmSync(mine, { force: true });
    }
    const owner = Number(readText(path));
    if (!(owner > 0 && existsPid(owner))) {
      rmSync(path, { force: true });
      continue;
    }
    if (!told) say(`Waiting for process ${owner}, which installs the npm packages ...`);
    told = true;
    await sleep(500);
  }
}

function existsPid(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** `npm ci` with its own output on stderr: stdout belongs to the command's result. */
async function npmCi(root) {
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  const [command, ...rest] =
    npm !== undefined && existsSync(npm) && /npm-cli\.[cm]?js$/.test(npm)
      ? [process.execPath, npm, ...args]
      : ['npm', ...args];
  // A terminal's Ctrl-C reaches npm by itself; this process only waits for it.
  let interrupted = false;
  const onSignal = () => {
    interrupted = true;
  };
  process.on('SIGINT', onSignal);
  const forward = (signal) => child.kill(signal);
  process.on('SIGTERM', forward);
  const child = spawn(command, rest, { cwd: root, stdio: ['ignore', 2, 2] });
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', (error) =>
        reject(new Error(`npm cannot be started: ${error.message}; install npm, then: npm ci`)),
      );
      child.once('close', (code, signal) =>
        resolve(interrupted || signal === 'SIGINT' ? 130 : signal === 'SIGTERM' ? 143 : (code ?? 1)),
      );
    });
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', forward);
  }
}
