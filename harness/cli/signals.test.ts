import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { watchSignals } from './signals.ts';

function setUp() {
  const emitter = new EventEmitter();
  const said: string[] = [];
  let nowMs = 0;
  const watch = watchSignals({
    first: (name) => said.push(name),
    leave: (code) => said.push(`leave ${code}`),
    emitter,
    now: () => nowMs,
  });
  return { emitter, said, watch, tick: (ms: number) => (nowMs += ms) };
}

describe('Ctrl-C', () => {
  it('aborts once, although terminal and npm both deliver it', () => {
    const { emitter, said, watch, tick } = setUp();
    expect(watch.exitCode()).toBeUndefined();
    emitter.emit('SIGINT');
    tick(20);
    emitter.emit('SIGINT');
    expect(watch.signal.aborted).toBe(true);
    expect(watch.exitCode()).toBe(130);
    expect(said).toEqual(['SIGINT']);
  });

  it('is left to a program that has the terminal; other signals are heard', () => {
    const { emitter, said, watch } = setUp();
    const back = watch.lendInterrupts();
    emitter.emit('SIGINT');
    expect(watch.signal.aborted).toBe(false);
    back();
    emitter.emit('SIGINT');
    expect(said).toEqual(['SIGINT']);
    const other = setUp();
    other.watch.lendInterrupts();
    other.emitter.emit('SIGTERM');
    expect(other.watch.exitCode()).toBe(143);
  });

  it('leaves at once when pressed again', () => {
    const { emitter, said, tick } = setUp();
    emitter.emit('SIGINT');
    tick(2000);
    emitter.emit('SIGINT');
    expect(said).toEqual(['SIGINT', 'leave 130']);
  });

  it('exits 143 after SIGTERM, and keeps the first reason', () => {
    const { emitter, said, tick, watch } = setUp();
    emitter.emit('SIGTERM');
    tick(2000);
    emitter.emit('SIGINT');
    expect(watch.exitCode()).toBe(143);
    expect(said).toEqual(['SIGTERM', 'leave 143']);
  });

  it('is nobody reading any more, too: without a word, and never at once', () => {
    const { emitter, said, watch, tick } = setUp();
    watch.pipeClosed();
    tick(2000);
    watch.pipeClosed();
    expect(watch.signal.aborted).toBe(true);
    expect(watch.exitCode()).toBe(141);
    expect(said).toEqual([]);
    emitter.emit('SIGINT');
    expect(said).toEqual(['leave 141']);
  });

  it('is over when the command is: a pipe that is closed then interrupts nothing', () => {
    const { watch } = setUp();
    watch.stop();
    watch.pipeClosed();
    expect(watch.exitCode()).toBeUndefined();
  });

  it('never leaves because the terminal is gone', () => {
    const { emitter, said, tick } = setUp();
    emitter.emit('SIGINT');
    tick(2000);
    emitter.emit('SIGHUP');
    expect(said).toEqual(['SIGINT']);
  });

  it('keeps out of the way when told, and takes its listeners along', () => {
    const { emitter, said, watch } = setUp();
    watch.ignore();
    emitter.emit('SIGINT');
    expect(said).toEqual([]);
    watch.stop();
    expect(emitter.eventNames()).toEqual([]);
  });
});
