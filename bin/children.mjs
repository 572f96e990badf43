import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

/** Children started here and not ended yet. Each is the leader of its own process group, so that its children end with it. */
const running = new Set();

/**
 * Runs a command and resolves with its exit code (128 + n for a signal) and, when asked, its output. `holdBack` keeps lines
 * of stdout from the screen; the last of them comes back as `heldBack`.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ readonly cwd?: string, readonly env?: NodeJS.ProcessEnv, readonly capture?: boolean, readonly holdBack?: RegExp }} [options]
 */
export function runChild(command, args, options = {}) {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    detached: true,
    stdio:
      options.capture === true
        ? ['ignore', 'pipe', 'pipe']
        : ['ignore', options.holdBack === undefined ? 'inherit' : 'pipe', 'inherit'],
  });
  running.add(child);
  let output = '';
  let heldBack;
  if (options.holdBack !== undefined && options.capture !== true) {
    createInterface({ input: child.stdout, crlfDelay: Infinity }).on('line', (line) => {
      if (options.holdBack.test(line)) heldBack = line;
      else process.stdout.write(`${line}\n`);
    });
  } else
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8');
      stream?.on('data', (text) => {
        output += text;
      });
    }
  return new Promise((resolve) => {
    child.once('error', (error) => {
      running.delete(child);
      resolve({ exitCode: 127, output: `${command}: ${error.message}` });
    });
    child.once('close', (code, signal) => {
      running.delete(child);
      resolve({ heldBack, exitCode: code ?? (signal === 'SIGINT' ? 130 : signal === 'SIGTERM' ? 143 : 137), output });
    });
  });
}

/**
 * Ends every child that is left, with its own children: politely, and after `graceMs` by force. Only processes that were started here. A child that ends
 * at once (vitest) leaves behind what still tears down.
 */
export async function endChildren(graceMs) {
  const groups = [...running].flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  const signalled = (signal) =>
    groups.filter((group) => {
      try {
        return process.kill(-group, signal);
      } catch {
        return false;
      }
    });
  signalled('SIGTERM');
  for (const end = Date.now() + graceMs; signalled(0).length > 0 && Date.now() < end;) await sleep(100);
  signalled('SIGKILL');
}
