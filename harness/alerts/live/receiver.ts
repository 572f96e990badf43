import { readFileSync } from 'node:fs';
import { runProcess, type RunProcess } from '../../cluster/process.ts';
import { FiredrillError, oneLine } from '../../model/errors.ts';

const script = readFileSync(new URL('receiver.pl', import.meta.url), 'utf8');

/**
 * Starts what Alertmanager's webhook speaks to. Nothing inside the fence can open a connection to this machine, so that it listens beside
 * Alertmanager and prints what came; its output is read here. Resolves when it listens.
 *
 * @throws FiredrillError `environment` when it ends before that
 */
export async function startReceiver(given: {
  readonly name: string;
  /** Of `docker run`: network and labels. */
  readonly options: readonly string[];
  /** One with perl. */
  readonly image: string;
  readonly port: number;
  /** Where it listens: loopback, or the address at which the cluster's nodes find it as well. */
  readonly address: string;
  /** Each notification as it comes: one JSON object. What throws is no notification, and left out. */
  readonly onLine: (line: string) => void;
  /** It ended, and why; also when it was stopped. */
  readonly onEnded: (why: string) => void;
  readonly signal: AbortSignal;
  readonly run?: RunProcess;
}): Promise<void> {
  const { name, options, image, port, address, onLine, onEnded, signal, run = runProcess } = given;
  await new Promise<void>((resolve, reject) => {
    const ended = run(
      'docker',
      ['run', '--rm', '-i', '--name', name, ...options, '--entrypoint', 'perl', image, '-', String(port), address],
      {
        input: script,
        signal,
        onLine: (line) => {
          if (line === 'ready') resolve();
          else {
            try {
              onLine(line);
            } catch {
              // No notification: somebody else's bytes.
            }
          }
        },
      },
    );
    ended.then(
      ({ exitCode, stderr }) => {
        const why = `the receiver of notifications ended (exit ${exitCode}): ${oneLine(stderr)}`;
        onEnded(why);
        reject(new FiredrillError('environment', why, { hint: 'npm run firedrill -- doctor' }));
      },
      (error: unknown) => {
        onEnded(oneLine(error));
        reject(error instanceof Error ? error : new Error(oneLine(error)));
      },
    );
  });
}
