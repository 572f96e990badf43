import type { Runbook } from '../model/runbook.ts';

/**
 * Do nothing: the control that every other runbook has to beat. What heals by itself is nobody's merit.
 * Source: docs/measurement.md, "Controls"; postmortem 002 waited two days without knowing it.
 */
export function wait(): Runbook {
  return {
    id: 'wait',
    title: 'Do nothing',
    source: 'control; postmortem 002 (two days unnoticed)',
    why: 'Shows what recovers by itself. A runbook is only worth what it improves on this.',
    steps: [],
  };
}
