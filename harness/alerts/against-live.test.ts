import { expect, it } from 'vitest';
import { againstLive, agrees } from './against-live.ts';

it('the first firing evaluation of each alert, in both', () => {
  const alert = (pod: string) => ({ alertname: 'A', pod });
  const live = (pod: string, alertstate: string, ...timesMs: number[]) => ({
    labels: { ...alert(pod), __name__: 'ALERTS', alertstate },
    timesMs,
  });
  const found = againstLive(
    [
      live('x', 'pending', 1, 5),
      live('x', 'firing', 9, 13),
      live('y', 'firing', 3),
      live('z', 'pending', 3),
      live('old', 'pending', 0, 1),
      { labels: { alertname: 'OnlyThere', alertstate: 'firing' }, timesMs: [4] },
    ],
    {
      names: new Set(['A', 'B']),
      spans: [
        { labels: alert('x'), activeMs: 2, firedMs: 11 },
        { labels: alert('x'), activeMs: 20, firedMs: 30 },
        { labels: alert('z'), activeMs: 2, firedMs: 4 },
        { labels: { alertname: 'B' }, activeMs: 2, firedMs: 4 },
        { labels: alert('old'), activeMs: 2, firedMs: 4 },
      ],
    },
    { fromMs: -1, evaluationMs: 1 },
  );
  expect(found).toEqual([
    { name: 'A', labels: alert('x'), liveMs: 9, replayedMs: 11 },
    { name: 'A', labels: alert('y'), liveMs: 3 },
    { name: 'A', labels: alert('z'), replayedMs: 4 },
  ]);
  expect(found.map((each) => agrees(each, 2))).toEqual([true, false, false]);
  expect(found.map((each) => agrees(each, 1))).toEqual([false, false, false]);
});
