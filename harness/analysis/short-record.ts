import { FiredrillError } from '../model/errors.ts';
import type { TrialRecord, WholeOf, WholeRecord } from '../model/record.ts';

/**
 * Makes of whole records what summaries, comparisons and verdicts read: their numbers, without timelines, the load of each second and commands; of
 * steps those of the runbook and those that found something. Words that trials share are held once. A trial takes five kilobytes of memory so, and ten times as much whole.
 */
export function shortener(): (record: WholeRecord) => TrialRecord {
  const held = new Map<string, string>();
  const one = (text: string): string => {
    const before = held.get(text);
    if (before !== undefined) return before;
    held.set(text, text);
    return text;
  };
  return (record) => {
    const { witness: _w, loadSeries: _l, findings, ...numbers } = record;
    return {
      ...numbers,
      scenario: one(record.scenario),
      runbook: one(record.runbook),
      claim: { ...record.claim, says: one(record.claim.says) },
      detectors: record.detectors.map((d) => ({
        ...d,
        id: one(d.id),
        title: one(d.title),
        loop: one(d.loop),
        ...(d.what === undefined ? {} : { what: one(d.what) }),
      })),
      fullRecoveryMissing: record.fullRecoveryMissing.map(one),
      slis: record.slis.map(({ sli, title, firstSymptom, badMs }) => ({
        sli: one(sli),
        title: one(title),
        ...(firstSymptom === undefined ? {} : { firstSymptom }),
        badMs,
      })),
      ...(findings === undefined
        ? {}
        : { findings: findings.filter((f) => f.verdict !== 'good').map((f) => ({ ...f, name: one(f.name) })) }),
      environment: shared(record.environment, one),
      phases: record.phases.map((phase) => ({ ...phase, name: one(phase.name) })),
      steps: record.steps
        .filter(({ part, finding }) => part === 'runbook' || finding === true)
        .map(({ part, name, finding, fromMs, toMs, ok, output }) => ({
          part: one(part),
          name: one(name),
          fromMs,
          toMs,
          ok,
          ...(finding === true ? { finding } : {}),
          ...(finding === true && output !== undefined ? { output } : {}),
        })),
    };
  };
}

function shared(facts: Readonly<Record<string, string>>, one: (text: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(facts).map(([fact, value]) => [fact, one(value)]));
}

/** Whole records that are in memory. */
export function wholeAmong(records: readonly WholeRecord[]): WholeOf {
  const byId = new Map(records.map((record) => [record.trialId, record]));
  return (trialId) => {
    const record = byId.get(trialId);
    if (record === undefined) throw new FiredrillError('internal', `there is no trial ${trialId}`);
    return record;
  };
}
