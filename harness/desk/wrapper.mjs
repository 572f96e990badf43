// kubectl and ssh as they stand on the PATH of a desk: they do what is asked, and tell the desk. Copied to the desk, so it stands alone.
// `node wrapper.mjs kubectl|ssh arguments...`; what it needs to know lies beside it in wrapper.json.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** What is kept of a command's output, and of its input (characters). */
const kept = { output: 4000, input: 64 * 1024 };
/** How long input is waited for before a command begins whose input may never come. */
const inputMs = 100;

const here = dirname(fileURLToPath(import.meta.url));
/** @type {{ socket: string, kubectl: string, docker: string, nodes: string[], onNode: string[], pidLine: string }} */
const config = JSON.parse(readFileSync(join(here, 'wrapper.json'), 'utf8'));
const [tool = '', ...argv] = process.argv.slice(2);
const terminal = process.stdin.isTTY === true && process.stdout.isTTY === true;

/** @param {string} text @param {number} code @returns {never} */
function refuse(text, code) {
  process.stderr.write(`${text}\n`);
  process.exit(code);
}

/** Options of ssh that take a value; all are accepted and change nothing. */
const sshValued = /^-[BbcDEeFIiJLlmOopQRSWw]$/;

/** @returns {{ node: string, command: string }} */
function sshArguments() {
  const words = [...argv];
  while (words[0]?.startsWith('-')) words.splice(0, sshValued.test(words[0]) ? 2 : 1);
  const node = (words.shift() ?? '').replace(/^[^@]*@/, '');
  if (node === '') refuse('usage: ssh node [command]', 255);
  if (!config.nodes.includes(node))
    refuse(`ssh: Could not resolve hostname ${node}: there are ${config.nodes.join(' ')}`, 255);
  return { node, command: words.join(' ') };
}

/** Whether kubectl reads its standard input with these words. */
const reads = (/** @type {readonly string[]} */ words) =>
  words.some((word) => /^(-i|-it|-ti|--stdin(=true)?|-f-|-f=-|--filename=-|-)$/.test(word));
/** Whether kubectl wants the terminal itself. */
const wantsTerminal = (/** @type {readonly string[]} */ words) =>
  words.some((word) => /^(edit|attach|debug|-it|-ti|-t|--tty(=true)?)$/.test(word));

const plan =
  tool === 'ssh'
    ? { ...sshArguments(), readsInput: true }
    : { node: undefined, command: undefined, readsInput: reads(argv) };
const interactive = terminal && (tool === 'ssh' ? plan.command === '' : wantsTerminal(argv));

/** The desk; a desk that is gone takes its commands along. @type {import('node:net').Socket} */
const desk = connect(config.socket);
/** @param {object} said */
const tell = (said) => {
  if (desk.writable) desk.write(`${JSON.stringify(said)}\n`);
};
/** @type {import('node:child_process').ChildProcess | undefined} */
let child; // eslint-disable-line prefer-const -- heard of before it is begun
let over = false;
const closed = () => {
  if (over) return;
  child?.kill('SIGKILL');
  refuse(`${tool}: your shift is over`, 255);
};
desk.on('error', closed);
desk.on('close', closed);
await new Promise((resolve) => {
  desk.once('connect', resolve);
});

/** What came in before the command began, and whether that was all. */
let early = Buffer.alloc(0);
let inputEnded = true;
if (plan.readsInput && !process.stdin.isTTY) {
  inputEnded = await new Promise((resolve) => {
    const timer = setTimeout(() => {
      resolve(false);
    }, inputMs);
    const end = (/** @type {boolean} */ all) => {
      clearTimeout(timer);
      process.stdin.removeAllListeners();
      process.stdin.pause();
      resolve(all);
    };
    process.stdin.on('data', (chunk) => {
      early = Buffer.concat([early, chunk]);
      timer.refresh();
      if (early.length > kept.input) end(false);
    });
    process.stdin.on('end', () => {
      end(true);
    });
    process.stdin.on('error', () => {
      end(true);
    });
  });
}
tell({
  tool,
  argv,
  ...(plan.node === undefined ? {} : { node: plan.node, command: plan.command }),
  ...(interactive ? { interactive } : {}),
  ...(early.length === 0 ? {} : { input: early.toString('utf8').slice(0, kept.input), whole: inputEnded }),
});

/**
 * In a shell with a terminal each line that is typed is noted: bash writes it to a file there before it prompts again, and that is followed.
 * @param {string} node
 * @returns {Promise<string[]>} environment for `docker exec`
 */
async function noteTyped(node) {
  const follow = 'f=$(mktemp /tmp/.noted-XXXXXX) && echo "$f" && exec tail -f "$f"';
  const follower = spawn(config.docker, ['exec', node, ...config.onNode, follow], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  follower.stderr.once('data', (/** @type {Buffer} */ chunk) => {
    const pid = new RegExp(config.pidLine).exec(chunk.toString('utf8'));
    if (pid !== null) tell({ pid: Number(pid[1]) });
  });
  let number = '';
  const file = await new Promise((resolve) => {
    let path = '';
    createInterface({ input: follower.stdout }).on('line', (line) => {
      if (path === '') {
        path = line;
        resolve(path);
        return;
      }
      const [, exitCode = '0', at = '', typed = ''] = /^(\d+)\t\s*(\d+)[ *]+(.*)$/.exec(line) ?? [];
      // Enter alone shows the line before once more.
      if (typed !== '' && at !== number) tell({ typed, exitCode: Number(exitCode) });
      number = at;
    });
    follower.on('close', () => {
      resolve('/dev/null');
    });
  });
  process.on('exit', () => follower.kill());
  const prompt = `printf '%s\\t%s\\n' "$?" "$(HISTTIMEFORMAT= history 1)" >> ${file}`;
  return ['-e', `NOTED=${file}`, '-e', `PROMPT_COMMAND=${prompt}`, '-e', 'HISTFILE=/dev/null', '-e', 'HISTCONTROL='];
}
/** With what is noted at its prompt; a node without bash has another shell, of which nothing is. */
const shell = 'command -v bash > /dev/null || exec sh; bash; code=$?; rm -f "$NOTED"; exit $code';

/** @type {[string, string[]]} */
const [file, args] =
  tool === 'kubectl'
    ? [config.kubectl, argv]
    : interactive
      ? [config.docker, ['exec', '-it', ...(await noteTyped(plan.node ?? '')), plan.node ?? '', 'sh', '-c', shell]]
      : [
          config.docker,
          [
            'exec',
            '-i',
            plan.node ?? '',
            ...config.onNode,
            `set +e\n${plan.command === '' ? 'exec sh' : plan.command}`,
          ],
        ];
const input = interactive || !plan.readsInput || process.stdin.isTTY ? 'inherit' : 'pipe';
child = spawn(file, args, { stdio: interactive ? 'inherit' : [input, 'pipe', 'pipe'] });

let tail = '';
let bytes = 0;
const keep = (/** @type {Buffer} */ chunk) => {
  bytes += chunk.length;
  tail = (tail + chunk.toString('utf8')).slice(-kept.output);
};
child.stdout?.on('data', keep);
child.stdout?.pipe(process.stdout);
if (child.stderr !== null && child.stderr !== undefined) {
  // Of a command on a node the first line is its process id there, by which the desk ends it.
  let head = tool === 'ssh' ? '' : undefined;
  child.stderr.on('data', (/** @type {Buffer} */ chunk) => {
    let rest = chunk;
    if (head !== undefined) {
      head += chunk.toString('utf8');
      const pid = new RegExp(config.pidLine).exec(head);
      if (pid === null && head.length < 64 && !head.includes('\n')) return;
      if (pid !== null) tell({ pid: Number(pid[1]) });
      rest = Buffer.from(head.slice(pid === null ? 0 : pid[0].length));
      head = undefined;
    }
    keep(rest);
    process.stderr.write(rest);
  });
}
// Whoever reads this may go away (`| head`): then so does the command.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', () => {
    child?.kill('SIGTERM');
  });
if (child.stdin !== null && child.stdin !== undefined) {
  child.stdin.on('error', () => undefined);
  child.stdin.write(early);
  if (inputEnded) child.stdin.end();
  else process.stdin.pipe(child.stdin);
}
for (const signal of /** @type {const} */ ([
  'SIGTERM',
  'SIGHUP',
  ...(interactive ? [] : /** @type {const} */ (['SIGINT'])),
]))
  process.on(signal, () => {
    child?.kill(signal);
  });
if (interactive) process.on('SIGINT', () => undefined);

const numbers = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGPIPE: 13, SIGTERM: 15 };
child.on('error', (error) => {
  over = true;
  tell({ end: 127, tail: error.message, bytes: 0 });
  desk.end();
  refuse(`${tool}: ${error.message}`, 127);
});
child.on('close', (code, signal) => {
  over = true;
  const exitCode = code ?? 128 + (signal === null ? 0 : (/** @type {Record<string, number>} */ (numbers)[signal] ?? 0));
  tell({ end: exitCode, tail, bytes });
  process.stdin.unref?.();
  desk.end(() => {
    process.exit(exitCode);
  });
});
