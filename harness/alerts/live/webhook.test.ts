import { expect, it } from 'vitest';
import { parseNotification } from './webhook.ts';

/** As Alertmanager 0.25 sends it. */
const sent = {
  receiver: 'firedrill',
  status: 'firing',
  alerts: [
    {
      status: 'firing',
      labels: { alertname: 'KubeNodeNotReady', node: 'firedrill-1-worker', severity: 'warning' },
      annotations: { summary: 'Node is not ready.' },
      startsAt: '2026-11-27T23:45:00.123Z',
      endsAt: '0001-01-01T00:00:00Z',
      generatorURL: 'http://x/graph',
      fingerprint: 'f00',
    },
    { status: 'resolved', labels: { alertname: 'KubeNodeNotReady', node: 'firedrill-1-worker2' } },
  ],
  groupLabels: { alertname: 'KubeNodeNotReady' },
  commonLabels: { alertname: 'KubeNodeNotReady' },
  commonAnnotations: {},
  externalURL: 'http://x',
  version: '4',
  groupKey: '{}:{alertname="KubeNodeNotReady"}',
  truncatedAlerts: 0,
};

it('reads which alerts fire and which are over, with their labels', () => {
  expect(parseNotification(JSON.stringify(sent)).receiver).toBe('firedrill');
  expect(parseNotification(JSON.stringify(sent)).alerts).toEqual([
    { firing: true, labels: { alertname: 'KubeNodeNotReady', node: 'firedrill-1-worker', severity: 'warning' } },
    { firing: false, labels: { alertname: 'KubeNodeNotReady', node: 'firedrill-1-worker2' } },
  ]);
});

it('refuses what is no message of this version', () => {
  expect(() => parseNotification('GET / HTTP/1.1')).toThrow();
  expect(() => parseNotification(JSON.stringify({ ...sent, version: '5' }))).toThrow();
});
