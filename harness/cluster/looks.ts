import { deadline } from '../host/time.ts';
import type { Cluster, ExecResult, NodeStream } from '../model/cluster.ts';
import { shellScript } from './shell.ts';

/** What stays in the node. In Perl, which every node has: a shell would start half a dozen processes for each line. */
const answering = `exec perl -e '${shellScript('answer.pl')}'`;

/** One of them, with one question at a time. */
interface Shell {
  readonly stream: NodeStream;
  /** The line that answers; undefined when it has ended. */
  next(): Promise<string | undefined>;
}

const text = (word: string | undefined): string => Buffer.from((word ?? '').slice(1), 'hex').toString('utf8');

const cut = (exitCode: 124 | 130): ExecResult => ({
  exitCode,
  stdout: '',
  stderr: exitCode === 124 ? 'no answer in time' : 'aborted',
});

/**
 * Looks into nodes by shells that stay there: a `docker exec` costs some 100 ms of CPU on a small machine, and an alert that looks at
 * three nodes every second would take an eighth of two cores from what it watches. A shell belongs to the signal that it was opened for,
 * and ends with it; a question that gets no answer in time ends it, too, with what it was running.
 *
 * @param attach opens one
 */
export function looksBy(attach: Cluster['attach']): Cluster['look'] {
  /** Those that nobody waits for, by the signal that they end with. */
  const idle = new WeakMap<AbortSignal, Map<string, Shell[]>>();

  const opened = (node: string, signal: AbortSignal): Shell => {
    const stream = attach(node, answering, signal);
    const lines = stream.lines[Symbol.asyncIterator]();
    return {
      stream,
      next: async () => {
        const line: IteratorResult<string, undefined> = await lines.next();
        return line.value;
      },
    };
  };

  return async (node, command, { signal, timeoutMs }) => {
    if (signal.aborted) return cut(130);
    const nodes = idle.get(signal) ?? new Map<string, Shell[]>();
    idle.set(signal, nodes);
    const waiting = nodes.get(node) ?? [];
    nodes.set(node, waiting);
    const shell = waiting.pop() ?? opened(node, signal);
    shell.stream.write(Buffer.from(command).toString('hex'));

    using limit = deadline(timeoutMs ?? Infinity, signal);
    const over = new Promise<124 | 130>((resolve) => {
      const end = () => {
        resolve(limit.passed() ? 124 : 130);
      };
      limit.signal.addEventListener('abort', end, { once: true });
    });
    const answer = await Promise.race([shell.next(), over]);
    if (typeof answer === 'number') {
      void shell.stream.close();
      return cut(answer);
    }
    if (answer === undefined) return { exitCode: 137, stdout: '', stderr: 'the node is off, or ended whoever looked' };
    waiting.push(shell);
    const [code, stdout, stderr] = answer.split(' ');
    return { exitCode: Number(code), stdout: text(stdout), stderr: text(stderr) };
  };
}
