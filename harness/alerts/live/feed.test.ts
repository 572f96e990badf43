import { describe, expect, it } from 'vitest';
import type { Reading } from '../../model/detector.ts';
import { heartbeatMs } from './detectors.ts';
import { AlertFeed } from './feed.ts';
import type { RuleState } from './prometheus.ts';

const worker = { alertname: 'NodeDown', node: 'worker' };
const worker2 = { alertname: 'NodeDown', node: 'worker2' };
const rule = (firing: RuleState['firing'] = [], change: Partial<RuleState> = {}): RuleState => ({
  name: 'NodeDown',
  firing,
  evaluated: true,
  ...change,
});
const fires = (labels: Readonly<Record<string, string>>) => ({ firing: true, labels });

class Fed {
  nowMs = 0;
  readonly feed = new AlertFeed(['NodeDown', 'Other'], () => this.nowMs);
  readonly #stop = new AbortController();

  /** All readings so far, in words, and how they ended. */
  async said(name = 'NodeDown'): Promise<readonly string[]> {
    const words: string[] = [];
    this.feed.fail('over');
    try {
      for await (const reading of this.feed.readings(name, this.#stop.signal)) words.push(word(reading));
    } catch (error) {
      words.push(String(error));
    }
    return words.slice(0, -1);
  }
}

const word = (reading: Reading): string =>
  reading.state === 'firing' ? reading.what : reading.state === 'blind' ? `blind: ${reading.why}` : reading.state;

describe('the feed of alerts', () => {
  it('tells of an alert once, when its notification comes, and not when Prometheus has it firing', async () => {
    const fed = new Fed();
    fed.feed.polled([rule()]);
    fed.feed.polled([rule([worker])]);
    fed.feed.notified([fires(worker)]);
    fed.feed.notified([fires(worker), fires(worker2)]);
    expect(await fed.said()).toEqual(['quiet', 'NodeDown{node="worker"}', 'NodeDown{node="worker2"}']);
  });

  it('is over when the last of a name is, as soon as Prometheus has it so', async () => {
    const fed = new Fed();
    fed.feed.notified([fires(worker), fires(worker2)]);
    fed.feed.polled([rule([worker])]);
    fed.feed.polled([rule([])]);
    // What Alertmanager tells minutes later is known by then.
    fed.feed.notified([
      { firing: false, labels: worker },
      { firing: false, labels: worker2 },
    ]);
    expect(await fed.said()).toEqual(['NodeDown{node="worker"}', 'NodeDown{node="worker2"}', 'alive', 'quiet']);
  });

  it('tells again of what fires again before Alertmanager has told that it was over', async () => {
    const fed = new Fed();
    fed.feed.notified([fires(worker)]);
    fed.feed.polled([rule([])]);
    fed.feed.polled([rule([worker])]);
    expect((await fed.said()).filter((said) => said !== 'alive')).toEqual([
      'NodeDown{node="worker"}',
      'quiet',
      'NodeDown{node="worker"}',
    ]);
  });

  it('beats while its rule is evaluated, and is blind while that fails', async () => {
    const fed = new Fed();
    fed.feed.polled([rule()]);
    fed.nowMs = heartbeatMs - 1;
    fed.feed.polled([rule()]);
    fed.nowMs = heartbeatMs;
    fed.feed.polled([rule()]);
    fed.feed.polled([rule([], { error: 'many-to-many matching' })]);
    fed.feed.polled([rule([], { error: 'many-to-many matching' })]);
    fed.nowMs = 5 * heartbeatMs;
    fed.feed.polled([rule([], { evaluated: false })]);
    expect(await fed.said()).toEqual(['quiet', 'alive', 'blind: many-to-many matching']);
  });

  it('is blind while nobody reaches Prometheus, and quiet once it says that nothing fires any more', async () => {
    const fed = new Fed();
    fed.feed.active([]);
    fed.feed.notified([fires(worker)]);
    fed.feed.active([worker]);
    fed.feed.blind('nobody reaches it');
    fed.feed.blind('still nobody');
    fed.nowMs = heartbeatMs;
    fed.feed.blind('still nobody');
    fed.feed.active([{ ...worker, alertname: 'Other' }]);
    expect(await fed.said()).toEqual([
      'quiet',
      'NodeDown{node="worker"}',
      'blind: nobody reaches it',
      'blind: still nobody',
      'quiet',
      'alive',
    ]);
  });

  it('keeps names apart, and leaves out what no rule of the run has', async () => {
    const fed = new Fed();
    fed.feed.notified([fires({ alertname: 'Unknown' }), fires(worker)]);
    expect(await fed.said('Other')).toEqual([]);
  });

  it('ends with the reason when the monitoring is dead', async () => {
    const feed = new AlertFeed(['NodeDown'], () => 0);
    feed.polled([rule()]);
    feed.fail('Prometheus does not answer');
    const read = async () => {
      for await (const reading of feed.readings('NodeDown', new AbortController().signal))
        expect(reading.state).toBe('quiet');
    };
    await expect(read()).rejects.toThrow('Prometheus does not answer');
  });
});
