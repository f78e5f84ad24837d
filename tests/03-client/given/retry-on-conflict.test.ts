import { FakeClock, newConflict, newNotFound, seededRandom } from '#apimachinery';
import { retryOnConflict } from '#client';
import { describe, expect, it } from '#kit';

const pods = { group: '', resource: 'pods' };
const conflict = newConflict(pods, 'web', 'changed');

/** An attempt that fails with each of the errors and then works. */
function newAttempt(...errors: Error[]) {
  const clock = new FakeClock();
  const times: number[] = [];
  const done = retryOnConflict({ clock, random: seededRandom(1) }, async () => {
    times.push(clock.monotonic());
    const error = errors.shift();
    if (error) throw error;
    return 'written';
  });
  done.catch(() => {});
  return { clock, times, done };
}

describe('retry on conflict', () => {
  it('tries again after ten milliseconds and a bit', async () => {
    const { clock, times, done } = newAttempt(conflict, conflict);
    await clock.advance(100);
    expect(await done).toBe('written');
    expect(times).toHaveLength(3);
    const pauses = times.slice(1).map((time, i) => time - (times[i] ?? 0));
    for (const pause of pauses) expect(pause >= 10 && pause < 11).toBe(true);
  });

  it('gives up after five tries', async () => {
    const { clock, times, done } = newAttempt(...Array.from({ length: 9 }, () => conflict));
    await clock.advance(1000);
    await expect(done).rejects.toThrow({ code: 409 });
    expect(times).toHaveLength(5);
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not try again for anything else', async () => {
    const { clock, times, done } = newAttempt(newNotFound(pods, 'web'));
    await clock.advance(1000);
    await expect(done).rejects.toThrow({ code: 404 });
    expect(times).toEqual([0]);
  });
});
