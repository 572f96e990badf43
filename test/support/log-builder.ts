import type { ControlKind } from '../../harness/model/control.ts';
import type { EventBody, EventOf, TrialEvent } from '../../harness/model/events.ts';
import type { Answer } from '../../harness/analysis/log.ts';

type Reading = Omit<EventOf<'detector'>, 'type'> & { readonly atMs: number };
type State = Omit<EventOf<'state'>, 'type'> & { readonly atMs: number };
type Item = EventOf<'inventory'>['objects'][number];

export interface ProbeSpec {
  readonly sli: string;
  readonly periodMs?: number;
  readonly timeoutMs?: number;
  readonly slo?: number;
  readonly bystander?: boolean;
  /** What was answered, instead of what follows from the rest. */
  readonly answers?: readonly Answer[];
  /** Requests intended in [from, to) fail. */
  readonly outages?: readonly (readonly [from: number, to: number])[];
  /** Requests intended in [from, to) were never sent. */
  readonly gaps?: readonly (readonly [from: number, to: number])[];
  readonly phaseMs?: number;
}

export interface StepSpec {
  readonly name: string;
  readonly fromMs: number;
  readonly toMs?: number;
  readonly changes?: boolean;
  readonly command?: string;
  readonly output?: string;
  readonly failed?: boolean;
  readonly on?: string;
  readonly destroys?: string;
}

/** A trial as a test describes it. Times in trial milliseconds. */
export interface LogSpec {
  readonly trialId?: string;
  readonly scenario?: string;
  readonly runbook?: string;
  /** A control arm of this kind; give `inject: null` with those without a fault. */
  readonly control?: ControlKind;
  readonly claim?: EventOf<'trial.started'>['claim'];
  readonly seed?: number;
  readonly breaks?: readonly string[];
  /** The change was made under a prevention. */
  readonly prevention?: boolean;
  readonly keeps?: readonly string[];
  readonly probes: readonly ProbeSpec[];
  readonly detectors?: readonly (Partial<EventOf<'trial.started'>['detectors'][number]> & { readonly id: string })[];
  readonly readings?: readonly Reading[];
  /** What Prometheus kept of alerts: written at the end. */
  readonly alerts?: readonly Omit<EventOf<'alert'>, 'type'>[];
  /** [command sent, witness confirmed]; null for a control without fault, a missing second one for no witness. */
  readonly inject?: readonly [number, number?] | null;
  readonly evidence?: readonly string[];
  /** When looks began that proved that the fault was not in effect yet. */
  readonly notYet?: readonly number[];
  readonly steps?: readonly StepSpec[];
  /** Start of the phase `runbook`: just before the first step where absent; null for none. */
  readonly runbookMs?: number | null;
  readonly states?: readonly State[];
  readonly before?: readonly Item[];
  readonly after?: readonly Item[];
  readonly durability?: {
    readonly atMs: number;
    readonly ok: boolean;
    readonly detail?: string;
    readonly deletedUid?: string;
  } | null;
  readonly audits?: readonly (Partial<EventOf<'audit'>> & { readonly store: string })[];
  readonly auditFailed?: readonly string[];
  readonly load?: readonly EventOf<'load'>[];
  readonly loopDelayP99Ms?: number;
  readonly latenessP99Ms?: number;
  readonly waitedShare?: number;
  readonly stolenShare?: number;
  /** How the nodes shared the CPUs, in every other report of the harness' health; not said where absent. */
  readonly contention?: Required<Pick<EventOf<'harness'>, 'nodesRunning' | 'nodesWaiting' | 'othersShare'>>;
  readonly facts?: Readonly<Record<string, string>>;
  /** Start of the verification; a second before the end where absent. */
  readonly verifyMs?: number;
  /** Start of the teardown: the end of observation. */
  readonly endMs: number;
  readonly cause?: EventOf<'trial.ended'>['cause'];
  readonly detail?: string;
  readonly holdMs?: number;
  readonly horizonMs?: number;
  /** `kill -9` at this instant: nothing later is in the log. */
  readonly cutAtMs?: number;
  /** Added to every instant. */
  readonly shiftMs?: number;
}

export const whole = {
  reachable: true,
  nodes: 3,
  nodesReady: 3,
  podsDesired: 10,
  podsReady: 10,
  pending: 0,
  terminating: 0,
  restarts: 0,
};

/**
 * Writes the event log of a trial that went exactly as described, as the engine would have: each event at its instant, in
 * order. Steady from 2 s, the fault at 30 s unless told otherwise.
 */
export function buildLog(spec: LogSpec): readonly TrialEvent[] {
  const events: { atMs: number; body: EventBody }[] = [];
  const put = (atMs: number, body: EventBody): void => {
    events.push({ atMs, body });
  };
  const inject = spec.inject === undefined ? ([30_000, 31_000] as const) : spec.inject;
  const steps = spec.steps ?? [];
  const verifyMs = spec.verifyMs ?? spec.endMs - 1000;
  put(0, startOf(spec, steps));
  put(1, { type: 'environment', facts: { ...(spec.facts ?? { kernel: '6.1', fence: 'closed' }) } });
  put(2000, { type: 'phase', name: 'steady', state: 'started', deadlineMs: 180_000 });
  if (spec.before !== undefined) put(19_000, { type: 'inventory', when: 'before', objects: [...spec.before] });
  put(20_000, { type: 'phase', name: 'steady', state: 'done' });
  if (inject !== null) putFault(put, inject, spec.evidence);
  for (const sinceMs of spec.notYet ?? []) put(sinceMs + 100, { type: 'not-yet', sinceMs, evidence: ['quota: yes'] });
  steps.forEach((step, index) => {
    putStep(put, step, index);
  });
  const runbookMs = spec.runbookMs === undefined ? steps[0] && steps[0].fromMs - 1 : spec.runbookMs;
  if (runbookMs !== undefined && runbookMs !== null) {
    put(runbookMs, { type: 'phase', name: 'runbook', state: 'started' });
    put(Math.max(runbookMs, ...steps.map((s) => s.toMs ?? s.fromMs)) + 1, {
      type: 'phase',
      name: 'runbook',
      state: 'done',
    });
  }
  for (const probe of spec.probes) putSamples(put, probe, spec.endMs);
  for (const { atMs, ...reading } of spec.readings ?? []) put(atMs, { type: 'detector', ...reading });
  for (const alert of spec.alerts ?? []) put(spec.endMs, { type: 'alert', ...alert });
  for (const state of spec.states ?? [
    { atMs: 25_000, ...whole },
    { atMs: spec.endMs - 2000, ...whole },
  ]) {
    const { atMs, ...rest } = state;
    put(atMs, { type: 'state', ...rest });
  }
  for (const load of spec.load ?? []) put(load.secondMs + 1000, load);
  for (let at = 5000; at < spec.endMs; at += 5000) {
    put(at, {
      type: 'harness',
      loopDelayP99Ms: spec.loopDelayP99Ms ?? 12,
      latenessP99Ms: spec.latenessP99Ms ?? 3,
      cpuCores: 0.2,
      waitedShare: spec.waitedShare ?? 0.02,
      stolenShare: spec.stolenShare ?? 0.01,
      ...(at % 10_000 === 0 ? spec.contention : {}),
    });
  }
  put(verifyMs, { type: 'phase', name: 'verify', state: 'started' });
  const durability = spec.durability === undefined ? { atMs: verifyMs + 10, ok: true } : spec.durability;
  if (durability !== null) {
    put(durability.atMs, {
      type: 'durability',
      ok: durability.ok,
      detail: durability.detail ?? 'web-7 deleted, web-8 ready',
      ...(durability.deletedUid === undefined ? {} : { deletedUid: durability.deletedUid }),
    });
  }
  const zero = { acknowledged: 100, missing: 0, altered: 0, duplicated: 0, unexpected: 0 };
  for (const audit of spec.audits ?? [{ store: 'ledger' }]) put(verifyMs + 20, { ...zero, ...audit, type: 'audit' });
  for (const store of spec.auditFailed ?? [])
    put(verifyMs + 20, { type: 'audit.failed', store, why: 'connection refused' });
  if (spec.after !== undefined) put(verifyMs + 30, { type: 'inventory', when: 'after', objects: [...spec.after] });
  put(spec.endMs - 1, { type: 'phase', name: 'verify', state: 'done' });
  put(spec.endMs, { type: 'phase', name: 'teardown', state: 'started' });
  // The journal is closed when every request that was under way is over.
  put(Math.max(spec.endMs + 3000, ...events.map((e) => e.atMs)), {
    type: 'trial.ended',
    cause: spec.cause ?? 'completed',
    ...(spec.detail === undefined ? {} : { detail: spec.detail }),
  });
  return number(events, spec);
}

type Put = (atMs: number, body: EventBody) => void;

function startOf(spec: LogSpec, steps: readonly StepSpec[]): EventBody {
  return {
    type: 'trial.started',
    schemaVersion: 1,
    trialId: spec.trialId ?? 'cure-1',
    scenario: spec.scenario ?? 'test-outage',
    runbook: spec.runbook ?? 'cure',
    profile: 'fast',
    seed: spec.seed ?? 7,
    wallEpochMs: 1_760_000_000_000,
    breaks: [...(spec.breaks ?? ['dns'])],
    keeps: [...(spec.keeps ?? [])],
    probes: spec.probes.map((p) => ({
      sli: p.sli,
      title: `Title of ${p.sli}`,
      periodMs: p.periodMs ?? 500,
      timeoutMs: p.timeoutMs ?? 1000,
      ...(p.slo === undefined ? {} : { slo: p.slo }),
      bystander: p.bystander ?? false,
    })),
    detectors: (spec.detectors ?? []).map((d) => ({
      title: `Title of ${d.id}`,
      loop: 'looks every 2 s',
      leastTtdMs: 1000,
      periodMs: 2000,
      expects: 'NotReady',
      ...d,
    })),
    ...(spec.control === undefined ? {} : { control: spec.control }),
    ...(spec.prevention === undefined ? {} : { prevention: spec.prevention }),
    claim: spec.claim ?? { says: 'this cures it', expect: 'recovers' },
    steps: steps.map((s) => ({
      name: s.name,
      command: s.command ?? `run ${s.name}`,
      changes: s.changes ?? true,
      ...(s.destroys === undefined ? {} : { destroys: s.destroys }),
    })),
    holdMs: spec.holdMs ?? 20_000,
    horizonMs: spec.horizonMs ?? 240_000,
    runbookDelayMs: 30_000,
  };
}

function putFault(put: Put, [command, witness]: readonly [number, number?], evidence?: readonly string[]): void {
  put(command - 10, { type: 'phase', name: 'inject', state: 'started' });
  const step = {
    part: 'inject',
    index: 0,
    name: 'break it',
    on: 'workers',
    command: 'rm -rf /etc/cni',
    changes: true,
  } as const;
  put(command, { type: 'step', ...step, state: 'started' });
  put(command + 100, { type: 'step', ...step, state: 'done', exitCode: 0, output: '' });
  if (witness === undefined) {
    put(command + 1000, { type: 'phase', name: 'inject', state: 'done' });
    return;
  }
  put(witness, { type: 'witness', confirmed: true, evidence: [...(evidence ?? ['worker: /etc/cni/net.d is empty'])] });
  put(witness + 1, { type: 'phase', name: 'inject', state: 'done' });
}

function putStep(put: Put, step: StepSpec, index: number): void {
  const base = {
    type: 'step',
    part: 'runbook',
    index,
    name: step.name,
    on: step.on ?? 'workstation',
    command: step.command ?? `run ${step.name}`,
    changes: step.changes ?? true,
  } as const;
  put(step.fromMs, { ...base, state: 'started' });
  if (step.toMs === undefined) return;
  const failed = step.failed ?? false;
  put(step.toMs, { ...base, state: failed ? 'failed' : 'done', exitCode: failed ? 1 : 0, output: step.output ?? '' });
}

function putSamples(put: Put, probe: ProbeSpec, endMs: number): void {
  if (probe.answers !== undefined) {
    probe.answers.forEach((answer, n) => {
      putSample(put, probe.sli, n, answer);
    });
    return;
  }
  const period = probe.periodMs ?? 500;
  const timeout = probe.timeoutMs ?? 1000;
  const within = (at: number, spans: readonly (readonly [number, number])[] = []): boolean =>
    spans.some(([from, to]) => at >= from && at < to);
  for (let n = 0; ; n++) {
    const intendedMs = 2000 + (probe.phaseMs ?? 0) + n * period;
    if (intendedMs >= endMs) return;
    if (within(intendedMs, probe.gaps)) continue;
    const ok = !within(intendedMs, probe.outages);
    const endedMs = intendedMs + (ok ? Math.min(20, timeout) : timeout);
    putSample(put, probe.sli, n, { intendedMs, endedMs, ok });
  }
}

function putSample(put: Put, sli: string, n: number, { intendedMs, endedMs, ok }: Answer): void {
  put(endedMs, {
    type: 'sample',
    sli,
    n,
    intendedMs,
    startedMs: Math.min(intendedMs + 1, endedMs),
    endedMs,
    ok,
    ...(ok ? {} : { error: 'timeout' }),
  });
}

function number(events: readonly { readonly atMs: number; readonly body: EventBody }[], spec: LogSpec): TrialEvent[] {
  const shift = spec.shiftMs ?? 0;
  return events
    .filter((e) => spec.cutAtMs === undefined || e.atMs <= spec.cutAtMs)
    .map((e, order) => ({ ...e, order }))
    .sort((a, b) => a.atMs - b.atMs || a.order - b.order)
    .map(({ atMs, body }, seq) => ({ ...shifted(body, shift), seq, atMs: atMs + shift }));
}

function shifted(body: EventBody, by: number): EventBody {
  if (body.type === 'sample') {
    return { ...body, intendedMs: body.intendedMs + by, startedMs: body.startedMs + by, endedMs: body.endedMs + by };
  }
  if (body.type === 'load') return { ...body, secondMs: body.secondMs + by };
  if (body.type === 'audit' && body.oldestLostAckMs !== undefined) {
    return { ...body, oldestLostAckMs: body.oldestLostAckMs + by };
  }
  return body;
}
