/**
 * A clock on which time passes only when a test says so. Given.
 *
 * Timers fire in the order of their time, and those of the same time in the order they were set. So
 * a whole cluster that gets this clock runs the same way every time.
 */

import { type Clock, sleepOn, type Timer } from './clock.ts';
import { macrotaskTurn, type Turn } from './macrotask-turn.ts';

/** How a fake clock starts. */
export interface FakeClockOptions {
  /** What `now()` says at first, in milliseconds since 1970; 2025-01-01T00:00:00Z if absent. */
  readonly now?: number;
  /** How queued work gets its turn; one turn of the event loop if absent. */
  readonly turn?: Turn;
}

interface FakeTimer {
  readonly at: number;
  readonly callback: () => void;
}

const DEFAULT_NOW = Date.UTC(2025, 0, 1);

/** After so many turns in one `settle`, something is setting timers for ever. */
const MOST_TURNS = 10_000;

/**
 * Virtual time.
 *
 * @remarks Between two timers all the work that the first one caused gets its turn, so code behaves
 * as on a real clock in an infinitely fast machine:
 *
 * ```text
 * clock.after(20, B); clock.after(10, A)      A sets C for 5 ms later
 * await clock.advance(30)                     A at 10, C at 15, B at 20; then it is 30
 * ```
 */
export class FakeClock implements Clock {
  #elapsed = 0;
  #wallOffset: number;
  #advancing = false;
  /** Goes up with every timer that is set, so that `settle` notices. */
  #timersSet = 0;
  /** By time, then in the order they were set. */
  readonly #timers: FakeTimer[] = [];
  readonly #turn: Turn;

  constructor(options: FakeClockOptions = {}) {
    this.#wallOffset = options.now ?? DEFAULT_NOW;
    this.#turn = options.turn ?? macrotaskTurn;
  }

  now(): number {
    return this.#wallOffset + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  after(ms: number, callback: () => void): Timer {
    if (Number.isNaN(ms)) throw new RangeError('after: the delay is not a number');
    const timer = { at: this.#elapsed + Math.max(0, ms), callback };
    // Most timers are set for later than those that wait: look from the end.
    const before = this.#timers.findLastIndex((other) => other.at <= timer.at);
    this.#timers.splice(before + 1, 0, timer);
    this.#timersSet++;
    return { cancel: () => this.#remove(timer) };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal);
  }

  /** How many timers wait: after a clean stop, as many as before the start. */
  get pendingTimers(): number {
    return this.#timers.length;
  }

  /** Milliseconds until the next timer; `undefined` when none waits. */
  get nextTimerMs(): number | undefined {
    const next = this.#timers[0];
    return next && next.at - this.#elapsed;
  }

  /** Sets what `now()` says, as an administrator may; timers and `monotonic` do not notice. */
  setNow(ms: number): void {
    this.#wallOffset = ms - this.#elapsed;
  }

  /**
   * Lets `ms` milliseconds pass and fires, one at a time, the timers that become due. Queued work
   * gets its turn before the first, after each and at the end.
   *
   * @param ms - zero fires what is due now
   * @throws what a timer's callback threw; time then stands at that timer
   * @throws RangeError when time would go back, Error when another `advance` has not finished
   */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0)) throw new RangeError(`advance: time cannot go on by ${ms} ms`);
    if (this.#advancing) throw new Error('advance: another advance has not finished');
    this.#advancing = true;
    try {
      const end = this.#elapsed + ms;
      await this.settle();
      while (this.#fireNext(end)) await this.settle();
      this.#elapsed = end;
    } finally {
      this.#advancing = false;
    }
  }

  /**
   * Lets `ms` milliseconds pass at once and fires the timers that become due, also those set on the
   * way. It waits for nothing: where timers wake asynchronous code, `advance` is the one to use.
   *
   * @throws what a timer's callback threw; time then stands at that timer
   * @throws RangeError when time would go back
   */
  step(ms: number): void {
    if (!(ms >= 0)) throw new RangeError(`step: time cannot go on by ${ms} ms`);
    const end = this.#elapsed + ms;
    while (this.#fireNext(end));
    this.#elapsed = end;
  }

  /**
   * Lets queued work run without letting time pass: one turn, and again as long as the last one
   * set timers.
   *
   * @throws Error after ten thousand turns: something never comes to rest
   */
  async settle(): Promise<void> {
    for (let turns = 0; turns < MOST_TURNS; turns++) {
      const before = this.#timersSet;
      await this.#turn();
      if (this.#timersSet === before) return;
    }
    throw new Error(`settle: still setting timers after ${MOST_TURNS} turns`);
  }

  #fireNext(end: number): boolean {
    const next = this.#timers[0];
    if (!next || next.at > end) return false;
    this.#timers.shift();
    this.#elapsed = next.at;
    next.callback();
    return true;
  }

  #remove(timer: FakeTimer): void {
    const position = this.#timers.indexOf(timer);
    if (position >= 0) this.#timers.splice(position, 1);
  }
}
