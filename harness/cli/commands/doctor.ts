import { exitCodes } from '../../model/errors.ts';
import { describeChecks, preconditions } from '../../setup/doctor.ts';
import { painter } from '../output.ts';
import type { CommandContext } from '../context.ts';

/** `doctor [--json]`: read-only. Exit 5 when something that a run needs is missing and firedrill cannot make it. */
export async function doctor(context: CommandContext, options: { readonly json?: boolean }): Promise<number> {
  const checks = await preconditions({ signal: context.signal });
  const paint = painter(context.output.stdout.colour);
  context.output.result(
    options.json === true
      ? JSON.stringify(checks, null, 2)
      : describeChecks(checks)
          .map((line) =>
            line.startsWith('FAIL') ? paint('red', line) : line.startsWith('warn') ? paint('yellow', line) : line,
          )
          .join('\n'),
  );
  return checks.some((check) => check.status === 'fail') ? exitCodes.environment : exitCodes.done;
}
