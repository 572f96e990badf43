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
  alerts: z.array(z.object({ status: z.enum(['firing', 'resolved']), labels: z.record(z.string(), z.string()) })),
});

/**
 * The alerts of one message, in its order.
 * @throws Error for what is no message of Alertmanager's
 */
export function parseNotification(line: string): readonly Notified[] {
  return message.parse(JSON.parse(line)).alerts.map(({ status, labels }) => ({ firing: status === 'firing', labels }));
}
