import { exitCodes } from '../model/errors.ts';

/** The worst of several exit codes. What was cut off is incomplete; a runbook that failed is the news; missing data comes next. */
export function worst(codes: readonly number[]): number {
  const rank = [
    exitCodes.interrupted,
    exitCodes.timeout,
    exitCodes.notRecovered,
    exitCodes.invalid,
  ] as readonly number[];
  return rank.find((code) => codes.includes(code)) ?? codes.find((code) => code !== exitCodes.done) ?? exitCodes.done;
}
