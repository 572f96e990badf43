import type { Outcome } from '../model/outcome.ts';
import type { DataLoss, Harm, TrialRecord } from '../model/record.ts';
import { humanDuration, midpoint, uncensored } from '../model/units.ts';
import type { Judged, Trial } from './checker.ts';
import { alarms, firedAtNothing } from './checkers/alarms.ts';
import { harm, harmWords } from './checkers/collateral.ts';
import { data } from './checkers/data.ts';
import type { Service } from './service.ts';
import { list, rowsLost } from './words.ts';

export interface Verdict {
  readonly outcome: Outcome;
  readonly reason: string;
}

/**
 * The outcome, by precedence (reasons in docs/measurement.md):
 * invalid > unknown > recovered-with-loss > harmed > relapsed > prevented > recovered > not-recovered.
 * Without a fault: invalid > unknown > harmed > control-disturbed > control-clean.
 * @param findings of all checkers: what voids the trial is among them
 */
export function decide(trial: Trial, findings: Judged['findings']): Verdict {
  const voidedBy = (voids: 'invalid' | 'unknown'): string | undefined => findings.find((f) => f.voids === voids)?.says;
  const [invalid, unknown] = [voidedBy('invalid'), voidedBy('unknown')];
  if (invalid !== undefined) return { outcome: 'invalid', reason: invalid };
  if (trial.observation.control) return control(trial, unknown);
  return unknown === undefined ? judged(trial) : { outcome: 'unknown', reason: unknown };
}

const noHarm: Harm = { slis: [], objects: [] };

/** What is known to be lost; data that were not read back are no loss, and say so elsewhere. */
const rowsLostIn = (found: DataLoss | 'unknown' | undefined): number =>
  found === undefined || found === 'unknown' ? 0 : found.lost;

/**
 * No fault, nothing to recover: the noise floor of the instrument, or what a fix costs by itself. Harm comes first, and rows that a fix
 * lost are harm: nothing had endangered them.
 */
function control({ log, slis, found }: Trial, voided: string | undefined): Verdict {
  const cured = log.started.control === 'on-healthy';
  const where = cured ? 'on a healthy cluster' : 'control without fault';
  if (voided !== undefined) return { outcome: 'unknown', reason: `${where}: ${voided}` };
  const lost = rowsLostIn(found(data));
  const harmed = harmWords(found(harm) ?? noHarm);
  const down = slis.filter(({ outages }) => outages.length > 0).map(({ sli }) => sli.sli);
  const loss = lost === 0 ? [] : [rowsLost(lost)];
  if (harmed.length > 0 || (cured && lost > 0)) {
    return { outcome: 'harmed', reason: `${where} the runbook harmed: ${list([...harmed, ...loss])}` };
  }
  const loud = (found(alarms) ?? []).filter(firedAtNothing).map((d) => d.id);
  const fired = loud.length === 0 ? [] : [`${cured ? 'alerts' : 'false alarms'} by ${list(loud)}`];
  if (down.length > 0 || loss.length > 0) {
    const bad = down.length === 0 ? [] : [`${list(down)} went down${cured ? '' : ' anyway'}`];
    return { outcome: 'control-disturbed', reason: `${where}: ${list([...bad, ...loss, ...fired])}` };
  }
  return fired.length === 0
    ? { outcome: 'control-clean', reason: `${where}: nothing broke, no alert fired` }
    : { outcome: 'control-disturbed', reason: `${where}: nothing broke, ${list(fired)}` };
}

function judged({ log, service, found }: Trial): Verdict {
  const { ttr, again, prevented } = service;
  const rows = found(data) ?? 'unknown';
  const lost = rowsLostIn(rows);
  const harmed = harmWords(found(harm) ?? noHarm);
  const loss = lost === 0 ? '' : `, ${rowsLost(lost)}`;
  const stable = uncensored(ttr);
  const back =
    stable === undefined
      ? `not stable within ${humanDuration(log.started.horizonMs)}${tooLate(service)}`
      : `stable since ${humanDuration(midpoint(stable))} after the fault`;
  const relapsed = again?.relapse === true;
  if (stable !== undefined && !relapsed && lost > 0) {
    return {
      outcome: 'recovered-with-loss',
      reason: `${back}${loss}${harmed.length > 0 ? `; harmed: ${list(harmed)}` : ''}`,
    };
  }
  if (harmed.length > 0) return { outcome: 'harmed', reason: `${list(harmed)}; ${back}${loss}` };
  if (again !== undefined && relapsed) return { outcome: 'relapsed', reason: `${back}, but ${wentDown(again)}${loss}` };
  if (stable !== undefined && prevented) return { outcome: 'prevented', reason: 'nothing that should have broken did' };
  if (stable !== undefined) {
    const blip = again === undefined ? '' : `; ${wentDown(again)}`;
    return { outcome: 'recovered', reason: back + blip + (rows === 'unknown' ? '; data could not be read' : '') };
  }
  return { outcome: 'not-recovered', reason: back + loss };
}

/** How far it was when its time was up: `, but after 6 min 11 s`, `; at the end pod-start was still down, and 6 others good again` */
function tooLate({ late, half }: Service): string {
  if (late !== undefined) return `, but after ${humanDuration(midpoint(late))}`;
  if (half === undefined) return '';
  const { broke, down } = half;
  if (down.length === 0) return '; at the end all was good again, but not for long enough';
  const others = broke.length - down.length;
  return `; at the end ${list(down)} ${down.length === 1 ? 'was' : 'were'} still down, and ${others === 1 ? 'one other' : `${others} others`} good again`;
}

const wentDown = ({ afterMs, lastedMs, slis }: NonNullable<TrialRecord['downAgain']>): string =>
  `${list(slis)} went down again ${humanDuration(afterMs)} later, for ${humanDuration(lastedMs)}`;
