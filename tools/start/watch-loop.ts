/**
 * The watch loop: what a save, a key or a resize leads to.
 *
 * It knows no terminal, no file watcher and no judge; `commands/start.ts` brings them together.
 * One exercise is graded at a time, and a new save ends what is still running.
 */

import { readState, updateExercise } from '../course-state.ts';
import type { Chapter } from '../syllabus.ts';
import type { Colours } from './board.ts';
import { hashExercise } from './exercise-files.ts';
import type { Place } from './find-exercise.ts';
import { type Hint, hintsTaken, readLadder, takeHint } from './hints.ts';
import { renderScreen } from './screen.ts';
import { type Entry, nextExercise, readStandings } from './standing.ts';
import { touchedBy } from './touched.ts';
import type { Grader, Verdict } from './verdict.ts';

/** What the loop needs of the world. */
export interface World {
  readonly root: string;
  readonly title: string;
  readonly chapters: readonly Chapter[];
  readonly grader: Grader;
  readonly screen: { columns(): number; rows(): number; draw(lines: readonly string[]): void };
  readonly colours: Colours;
  /** Told of a fault that a run came to; the loop cannot go on. */
  readonly fail: (error: unknown) => void;
  /** Milliseconds, for the time from save to verdict. */
  readonly now: () => number;
}

/** Follows a student at work. */
export class WatchLoop {
  readonly #world: World;
  readonly #verdicts = new Map<string, { verdict: Verdict; elapsedMs: number }>();
  #entries: Entry[];
  #current: string | undefined;
  #running: string | undefined;
  #paused = false;
  #showsList = false;
  #hint: Hint | undefined;
  #notice: string | undefined;
  #stopRun = new AbortController();
  #idle: Promise<void> = Promise.resolve();

  constructor(world: World) {
    this.#world = world;
    this.#entries = this.#readEntries();
    this.#current = nextExercise(this.#entries)?.exercise.id;
  }

  /** Draws the first picture and grades the current exercise. */
  start(): void {
    const entry = this.#entryOf(this.#current);
    if (entry) this.#run([entry]);
    else this.draw();
  }

  /**
   * Files below `chapters/` were saved.
   *
   * @param files - below `chapters/`, with `/`: `01-etcd/range.ts`
   */
  saved(files: readonly string[]): void {
    if (this.#paused) return;
    this.#entries = this.#readEntries();
    const touched = touchedBy(files, this.#entries, this.#current);
    const [first] = touched;
    if (!first) {
      this.draw();
      return;
    }
    if (first.exercise.id !== this.#current) this.#turnTo(first.exercise.id);
    this.#run(touched);
  }

  /** @returns `quit` when the loop is to end */
  key(key: string): 'quit' | undefined {
    if (key === 'q' || key === '\u0003') return 'quit';
    if (key === 'p') this.#pauseOrGoOn();
    else if (key === 'l') this.#showsList = !this.#showsList;
    else if (key === 'h') this.#takeHint();
    else if (key === 'n') this.#next();
    this.draw();
    return undefined;
  }

  /** Draws the picture for the terminal as large as it is now. */
  draw(): void {
    const { screen, colours, root, title, chapters } = this.#world;
    const current = this.#entryOf(this.#current);
    const known = this.#verdicts.get(this.#current ?? '');
    const lines = renderScreen(
      {
        title,
        chapters,
        entries: this.#entries,
        current,
        verdict: known?.verdict,
        elapsedMs: known?.elapsedMs,
        running: this.#running !== undefined && this.#running === this.#current,
        paused: this.#paused,
        showsList: this.#showsList,
        hint: this.#hint,
        hintsTaken: current ? hintsTaken(root, current.exercise.id) : 0,
        hintsTotal: current ? readLadder(root, current).length : 0,
        notice: this.#notice,
      },
      screen.columns(),
      screen.rows(),
      colours,
    );
    screen.draw(lines);
  }

  /** Resolves when nothing runs; tests and the end wait for it. */
  idle(): Promise<void> {
    return this.#idle;
  }

  /** Ends what runs. */
  async stop(): Promise<void> {
    this.#stopRun.abort();
    await this.#idle;
  }

  #run(places: readonly Entry[]): void {
    this.#stopRun.abort();
    const stop = new AbortController();
    this.#stopRun = stop;
    this.#notice = undefined;
    const startedAt = this.#world.now();
    const before = this.#idle;
    this.#idle = (async () => {
      await before;
      for (const [i, place] of places.entries()) {
        if (stop.signal.aborted) return;
        await this.#grade(place, startedAt, stop.signal, i > 0);
      }
    })().catch(this.#world.fail);
  }

  async #grade(place: Entry, startedAt: number, signal: AbortSignal, quiet: boolean) {
    const { id } = place.exercise;
    if (place.standing === 'borrowed') {
      this.draw();
      return;
    }
    this.#running = id;
    if (!quiet) this.draw();
    try {
      const hash = hashExercise(this.#world.root, place);
      const verdict = await this.#world.grader.grade(place, signal);
      if (signal.aborted) return;
      this.#verdicts.set(id, { verdict, elapsedMs: this.#world.now() - startedAt });
      this.#remember(place, verdict, hash);
      if (quiet && verdict.status !== 'passed') this.#sayBroken(place);
    } catch (error) {
      if (signal.aborted) return;
      this.#notice = `could not grade ${id}: ${error instanceof Error ? error.message : error}`;
    } finally {
      this.#running = undefined;
      if (!signal.aborted) this.draw();
    }
  }

  /** Full marks count for the files that were graded, and for no others; until graded otherwise. */
  #remember(place: Place, verdict: Verdict, graded: string): void {
    const { root } = this.#world;
    const { id } = place.exercise;
    if (hashExercise(root, place) !== graded) return;
    updateExercise(root, id, ({ passed: _before, ...rest }) =>
      verdict.status === 'passed' ? { ...rest, passed: graded } : rest,
    );
    this.#entries = this.#readEntries();
  }

  #sayBroken({ exercise }: Place): void {
    const name = `${exercise.number} ${exercise.title}`;
    this.#notice = this.#notice ? `${this.#notice}, ${name}` : `passed before, not now: ${name}`;
  }

  #pauseOrGoOn(): void {
    this.#paused = !this.#paused;
    if (this.#paused) {
      this.#stopRun.abort();
      return;
    }
    const entry = this.#entryOf(this.#current);
    if (entry) this.#run([entry]);
  }

  #takeHint(): void {
    const entry = this.#entryOf(this.#current);
    if (!entry) return;
    this.#hint = takeHint(this.#world.root, entry);
    this.#notice = this.#hint ? undefined : `${entry.exercise.id} has no hints`;
    this.#showsList = false;
  }

  #next(): void {
    this.#entries = this.#readEntries();
    const next = nextExercise(this.#entries, this.#current);
    this.#showsList = false;
    if (!next) return;
    this.#turnTo(next.exercise.id);
    if (!this.#paused) this.#run([next]);
  }

  #turnTo(id: string): void {
    this.#current = id;
    this.#hint = undefined;
    this.#notice = undefined;
  }

  #entryOf(id: string | undefined): Entry | undefined {
    return this.#entries.find((entry) => entry.exercise.id === id);
  }

  #readEntries(): Entry[] {
    const { root, chapters } = this.#world;
    return readStandings(root, chapters, readState(root));
  }
}
