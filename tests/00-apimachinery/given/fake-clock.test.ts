import { describe, expect, it } from 'vitest';
import { FakeClock, sleepOn } from '#apimachinery';

describe('FakeClock', () => {
  it('stands still until it is advanced', async () => {
    const clock = new FakeClock({ now: 5_000 });
    expect([clock.now(), clock.monotonic()]).toEqual([5_000, 0]);
    await clock.advance(250);
    expect([clock.now(), clock.monotonic()]).toEqual([5_250, 250]);
  });

  it('fires timers by time, then in the order they were set', async () => {
    const clock = new FakeClock();
    const fired: string[] = [];
    const note = (name: string) => () => void fired.push(`${name} at ${clock.monotonic()}`);
    clock.after(20, note('b'));
    clock.after(10, note('a'));
    clock.after(20, note('c'));
    clock.after(21, note('late'));
    await clock.advance(20);
    expect(fired).toEqual(['a at 10', 'b at 20', 'c at 20']);
    expect(clock.pendingTimers).toBe(1);
    expect(clock.nextTimerMs).toBe(1);
  });

  it('lets what a timer woke run before the next timer', async () => {
    const clock = new FakeClock();
    const seen: string[] = [];
    const worker = async (): Promise<void> => {
      await clock.sleep(10);
      seen.push(`first ${clock.monotonic()}`);
      await clock.sleep(5);
      seen.push(`second ${clock.monotonic()}`);
    };
    const done = worker();
    clock.after(20, () => seen.push(`timer ${clock.monotonic()}`));
    await clock.advance(30);
    await done;
    expect(seen).toEqual(['first 10', 'second 15', 'timer 20']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('lets work through streams settle between timers', async () => {
    const clock = new FakeClock();
    const seen: string[] = [];
    const { readable, writable } = new TransformStream<string, string>();
    const writer = writable.getWriter();
    clock.after(10, () => void writer.write('chunk'));
    clock.after(20, () => seen.push('timer'));
    const reading = readable
      .getReader()
      .read()
      .then(({ value }) => seen.push(String(value)));
    await clock.advance(20);
    await reading;
    expect(seen).toEqual(['chunk', 'timer']);
  });

  it('counts a delay below zero as zero, and does not fire inside after', async () => {
    const clock = new FakeClock();
    let fired = 0;
    clock.after(-5, () => fired++);
    expect(fired).toBe(0);
    await clock.advance(0);
    expect(fired).toBe(1);
  });

  it('forgets a timer that is taken back, also from within another', async () => {
    const clock = new FakeClock();
    const fired: string[] = [];
    const second = clock.after(10, () => fired.push('second'));
    const third = clock.after(10, () => fired.push('third'));
    clock.after(5, () => second.cancel());
    third.cancel();
    third.cancel();
    await clock.advance(10);
    expect(fired).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('steps without waiting for promises', () => {
    const clock = new FakeClock();
    const fired: number[] = [];
    clock.after(10, () => {
      fired.push(clock.monotonic());
      clock.after(5, () => fired.push(clock.monotonic()));
    });
    clock.step(20);
    expect(fired).toEqual([10, 15]);
    expect(clock.monotonic()).toBe(20);
  });

  it('does not go back, and is not advanced by two at once', async () => {
    const clock = new FakeClock();
    await expect(clock.advance(-1)).rejects.toThrow(RangeError);
    expect(() => clock.step(Number.NaN)).toThrow(RangeError);
    expect(() => clock.after(Number.NaN, () => {})).toThrow(RangeError);
    const first = clock.advance(10);
    await expect(clock.advance(10)).rejects.toThrow('another advance');
    await first;
    expect(clock.monotonic()).toBe(10);
  });

  it('stands at the timer whose callback threw, and can go on', async () => {
    const clock = new FakeClock();
    clock.after(10, () => {
      throw new Error('broken');
    });
    await expect(clock.advance(30)).rejects.toThrow('broken');
    expect(clock.monotonic()).toBe(10);
    await clock.advance(5);
    expect(clock.monotonic()).toBe(15);
  });

  it('lets the time of day be set without disturbing timers', async () => {
    const clock = new FakeClock({ now: 1_000_000 });
    let fired = false;
    clock.after(100, () => {
      fired = true;
    });
    clock.setNow(0);
    await clock.advance(99);
    expect([fired, clock.now(), clock.monotonic()]).toEqual([false, 99, 99]);
    await clock.advance(1);
    expect(fired).toBe(true);
  });

  it('gives queued work its turn without letting time pass', async () => {
    const clock = new FakeClock();
    let done = false;
    Promise.resolve()
      .then(() => Promise.resolve())
      .then(() => {
        done = true;
      });
    await clock.settle();
    expect([done, clock.monotonic()]).toEqual([true, 0]);
  });

  it('takes another turn as long as timers are being set', async () => {
    let turns = 0;
    const clock: FakeClock = new FakeClock({
      turn: async () => {
        if (turns++ < 3) clock.after(1_000, () => {});
      },
    });
    await clock.settle();
    expect(turns).toBe(4);
  });

  it('gives up on work that never comes to rest', async () => {
    const clock: FakeClock = new FakeClock({ turn: async () => void clock.after(1, () => {}) });
    await expect(clock.settle()).rejects.toThrow('still setting timers');
  });
});

describe('sleeping', () => {
  it('ends when the signal aborts, and leaves no timer', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const sleeping = clock.sleep(1_000, stop.signal);
    expect(clock.pendingTimers).toBe(1);
    stop.abort(new Error('stopping'));
    await expect(sleeping).rejects.toThrow('stopping');
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not begin when the signal has aborted', async () => {
    const clock = new FakeClock();
    await expect(clock.sleep(1, AbortSignal.abort(new Error('over')))).rejects.toThrow('over');
    expect(clock.pendingTimers).toBe(0);
  });

  it('leaves no listener on the signal', async () => {
    const clock = new FakeClock();
    const { signal } = new AbortController();
    const listeners = new Set<unknown>();
    const watched = {
      aborted: false,
      reason: undefined,
      addEventListener: (_: string, listener: unknown) => listeners.add(listener),
      removeEventListener: (_: string, listener: unknown) => listeners.delete(listener),
    } as unknown as typeof signal;
    const sleeping = sleepOn(clock, 10, watched);
    expect(listeners.size).toBe(1);
    await clock.advance(10);
    await sleeping;
    expect(listeners.size).toBe(0);
  });
});
