import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RealClock } from '#apimachinery';

describe('RealClock', () => {
  beforeEach(() => void vi.useFakeTimers({ now: 1_700_000_000_000 }));
  afterEach(() => void vi.useRealTimers());

  it('tells the time of day and measures', () => {
    const clock = new RealClock();
    const before = clock.monotonic();
    vi.advanceTimersByTime(40);
    expect(clock.now()).toBe(1_700_000_000_040);
    expect(clock.monotonic() - before).toBeCloseTo(40);
  });

  it('fires once, and not when taken back', () => {
    const clock = new RealClock();
    const fired: string[] = [];
    clock.after(10, () => fired.push('a'));
    clock.after(20, () => fired.push('b')).cancel();
    vi.advanceTimersByTime(100);
    expect(fired).toEqual(['a']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('waits longer than the platform can', () => {
    const clock = new RealClock();
    const days = 86_400_000;
    let fired = 0;
    clock.after(60 * days, () => fired++);
    const other = clock.after(60 * days, () => fired++);
    vi.advanceTimersByTime(59 * days);
    expect(fired).toBe(0);
    other.cancel();
    vi.advanceTimersByTime(2 * days);
    expect(fired).toBe(1);
  });

  it('sleeps, and stops sleeping', async () => {
    const clock = new RealClock();
    const slept = clock.sleep(10);
    const stop = new AbortController();
    const stopped = clock.sleep(10_000, stop.signal);
    vi.advanceTimersByTime(10);
    await slept;
    stop.abort(new Error('stopping'));
    await expect(stopped).rejects.toThrow('stopping');
    expect(vi.getTimerCount()).toBe(0);
  });
});
