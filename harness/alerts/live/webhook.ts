import { z } from 'zod';
import type { Labels } from '../../model/alert.ts';

/** An alert of a notification. */
export interface Notified {
  readonly firing: boolean;
  /** `alertname` included. */
  readonly labels: Labels;
}

/** What is read of Alertmanager's message, version 4. Source: Alertmanager, "Configuration", `<webhook_config>`. */
const message = z.object({
  version: z.literal('4'),
  receiver: z.string(),
  alerts: z.array(z.object({ status: z.enum(['firing', 'resolved']), labels: z.record(z.string(), z.string()) })),
});

/** One message: its alerts in its order, and the receiver for which Alertmanager sent it. */
export interface Notification {
  readonly receiver: string;
  readonly alerts: readonly Notified[];
}

/** @throws Error for what is no message of Alertmanager's */
export function parseNotification(line: string): Notification {
  const { receiver, alerts } = message.parse(JSON.parse(line));
  return { receiver, alerts: alerts.map(({ status, labels }) => ({ firing: status === 'firing', labels })) };
}
