import type { Checker } from './checker.ts';
import { alarms } from './checkers/alarms.ts';
import { collateral, harm } from './checkers/collateral.ts';
import { course } from './checkers/course.ts';
import { data } from './checkers/data.ts';
import { fullRecovery } from './checkers/full-recovery.ts';
import { instrument, probing } from './checkers/instrument.ts';
import { integrity } from './checkers/integrity.ts';

/** Everything by which a trial is judged. Of several that leave it without an outcome, the first says why. */
export const checkers: readonly Checker[] = [
  instrument,
  probing,
  integrity,
  course,
  alarms,
  data,
  collateral,
  harm,
  fullRecovery,
];
