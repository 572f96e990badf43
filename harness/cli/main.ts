import { CommanderError } from 'commander';
import { exitCodeOf, exitCodes, FiredrillError } from '../model/errors.ts';
import { errorText } from './error-text.ts';
import { scenarioIds } from './load.ts';
import { correctedLine } from './npm-flags.ts';
import { processOutput } from './output.ts';
import { makeProgram, usageError } from './program.ts';
import { pipeClosedCode, watchSignals } from './signals.ts';

const cleanCommand = 'npm run firedrill -- clean';

async function main(argv: readonly string[]): Promise<number> {
  const output = processOutput();
  const verbose = argv.includes('--verbose') || (process.env['FIREDRILL_VERBOSE'] ?? '') !== '';
  const watch = watchSignals({
    first: (name) => {
      output.tell(`firedrill: ${name}: undoing the fault and tearing down; press again to quit at once`);
    },
    leave: (exitCode) => {
      output.tell(`firedrill: stopped without cleaning up; to remove what is left: ${cleanCommand}`);
      process.exit(exitCode);
    },
  });
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      // What is told to nobody must not end what undoes a fault.
      watch.pipeClosed();
    });
  }
  let exitCode: number = exitCodes.done;
  try {
    const program = makeProgram(
      {
        output,
        env: process.env,
        signal: watch.signal,
        lendInterrupts: watch.lendInterrupts,
        ignoreSignals: watch.ignore,
      },
      (code) => {
        exitCode = code;
      },
    );
    const corrected = correctedLine(program, argv, process.env, scenarioIds);
    if (corrected !== undefined) {
      throw new FiredrillError('usage', `npm keeps flags before a lone "--" for itself; type: ${corrected}`);
    }
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    const shown = error instanceof CommanderError ? usageError(error, argv) : error;
    if (shown === undefined) return exitCodes.done;
    // An interrupted command fails in many ways; what the user wants to know is that it was the interruption.
    const interrupted = watch.exitCode();
    if (interrupted === undefined) {
      output.tell(errorText(shown, verbose));
      return exitCodeOf(shown);
    }
    if (verbose) output.tell(errorText(shown, verbose));
  } finally {
    watch.stop();
  }
  const told = watch.exitCode();
  // A closed pipe is nobody's error where the command came to a good end all the same (`list | head -1`).
  return told === pipeClosedCode && exitCode === exitCodes.done ? exitCode : (told ?? exitCode);
}

const exitCode = await main(process.argv.slice(2));
// Pending writes to a pipe are lost by process.exit, and a forgotten handle must not keep a finished command alive.
await new Promise<void>((done) =>
  process.stdout.write('', () =>
    process.stderr.write('', () => {
      done();
    }),
  ),
);
process.exit(exitCode);
