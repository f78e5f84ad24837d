import { FakeClock, seededRandom } from '#apimachinery';
import { newTestApi } from '#apiserver/testing';
import { CRON_JOBS, JOBS } from '#client';
import {
  decideRun,
  dueRun,
  forgottenJobs,
  NEXT_RUN_DELTA_MS,
  newControllerContext,
  newCronJobController,
  nextLookMs,
  parseCronSchedule,
  reviewJobs,
  runControllers,
} from '#controller-manager';
import {
  afterEach,
  type ControllerTestWorld,
  describe,
  expect,
  fc,
  it,
  newControllerWorld,
  property,
} from '#kit';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOON = Date.UTC(2025, 0, 1, 12);
/** A time of that Wednesday, as milliseconds. */
const clock = (text: string): number => Date.parse(`2025-01-01T${text}:00Z`);
const at = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
const hourly = parseCronSchedule('0 * * * *');
/** With a deadline of so many seconds, or without; created, or last run, at a time. */
const cronJob = (spec: object = {}, status: object = {}, created = '10:00') => ({
  metadata: {
    name: 'tick',
    namespace: 'default',
    uid: 'cj',
    creationTimestamp: at(clock(created)),
  },
  spec: { schedule: '0 * * * *', jobTemplate: { spec: { template: {} } }, ...spec },
  status,
});
const lastRun = (text: string) => ({ lastScheduleTime: at(clock(text)) });

interface JobFacts {
  readonly ended?: 'Complete' | 'Failed';
  readonly endedAt?: string;
  readonly began?: string;
}
function job(name: string, { ended, endedAt, began }: JobFacts = {}) {
  return {
    metadata: { name, uid: name, namespace: 'default' },
    spec: { template: {} },
    status: {
      ...(began && { startTime: at(clock(began)) }),
      ...(endedAt && { completionTime: at(clock(endedAt)) }),
      ...(ended && {
        conditions: [
          { type: 'SuccessCriteriaMet', status: ended === 'Complete' ? 'True' : 'False' },
          { type: ended, status: 'True' },
        ],
      }),
    },
  };
}
const ref = (name: string) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  name,
  uid: name,
  namespace: 'default',
});
const active = (...names: string[]) => ({ active: names.map(ref) });
const namesOf = (jobs: readonly { metadata?: { name?: string } }[]) =>
  jobs.map(({ metadata }) => metadata?.name);

describe('dueRun', () => {
  it.core('is the run since the last one', () => {
    const one = cronJob({}, lastRun('10:00'));
    expect(dueRun(one, hourly, clock('10:59'))).toBeUndefined();
    expect(dueRun(one, hourly, clock('11:00'))).toEqual({
      scheduledAt: clock('11:00'),
      tooMany: false,
    });
    expect(dueRun(one, hourly, clock('11:59'))?.scheduledAt).toBe(clock('11:00'));
  });

  it.core('is the most recent one, when several were missed', () => {
    const one = cronJob({}, lastRun('10:00'));
    expect(dueRun(one, hourly, clock('13:20'))).toEqual({
      scheduledAt: clock('13:00'),
      tooMany: false,
    });
  });

  it('counts from its creation, before the first run', () => {
    const one = cronJob({}, {}, '10:30');
    expect(dueRun(one, hourly, clock('10:45'))).toBeUndefined();
    expect(dueRun(one, hourly, clock('11:01'))?.scheduledAt).toBe(clock('11:00'));
  });

  it('does not run for its creation itself', () => {
    expect(dueRun(cronJob({}, {}, '10:00'), hourly, clock('10:00'))).toBeUndefined();
  });

  it('is nothing when the last run is in the future', () => {
    expect(dueRun(cronJob({}, lastRun('15:00')), hourly, clock('13:00'))).toBeUndefined();
  });

  it('does not look further back than the deadline', () => {
    const one = cronJob({ startingDeadlineSeconds: 600 }, lastRun('10:00'));
    expect(dueRun(one, hourly, clock('13:20'))).toBeUndefined();
    expect(dueRun(one, hourly, clock('13:09'))?.scheduledAt).toBe(clock('13:00'));
  });

  it('does not look further back than the last run, whatever the deadline', () => {
    const one = cronJob({ startingDeadlineSeconds: 36_000 }, lastRun('13:00'));
    expect(dueRun(one, hourly, clock('13:20'))).toBeUndefined();
  });

  it('says when too many were missed', () => {
    const minutely = parseCronSchedule('* * * * *');
    const one = cronJob({}, lastRun('00:00'));
    expect(dueRun(one, minutely, clock('01:40'))).toEqual({
      scheduledAt: clock('01:40'),
      tooMany: false,
    });
    expect(dueRun(one, minutely, clock('01:41'))).toEqual({
      scheduledAt: clock('01:41'),
      tooMany: true,
    });
  });

  it('says nothing of what a deadline left out', () => {
    const minutely = parseCronSchedule('* * * * *');
    const one = cronJob({ startingDeadlineSeconds: 300 }, lastRun('00:00'));
    expect(dueRun(one, minutely, clock('11:00'))?.tooMany).toBe(false);
  });

  it('does not walk through years', () => {
    let calls = 0;
    const counted = {
      next: (after: number) => {
        calls++;
        return (Math.floor(after / MINUTE) + 1) * MINUTE;
      },
    };
    const now = clock('10:00') + 3650 * DAY;
    expect(dueRun(cronJob({}, lastRun('10:00')), counted, now)).toEqual({
      scheduledAt: now,
      tooMany: true,
    });
    expect(calls).toBeLessThan(300);
  });

  it('counts @every from the run before', () => {
    const every = parseCronSchedule('@every 7m');
    const one = cronJob({}, lastRun('10:00'));
    expect(dueRun(one, every, clock('10:20'))?.scheduledAt).toBe(clock('10:14'));
    expect(dueRun(one, every, clock('10:21'))?.scheduledAt).toBe(clock('10:21'));
  });

  it('finds the most recent run of an uneven schedule', () => {
    // Five minutes apart twice an hour, then nothing for most of it.
    const uneven = parseCronSchedule('0,5 * * * *');
    const one = cronJob({}, lastRun('09:05'));
    expect(dueRun(one, uneven, clock('13:58'))?.scheduledAt).toBe(clock('13:05'));
    // Weekdays only: the second run comes a day after the first, and then two days none.
    const weekdays = parseCronSchedule('0 9 * * 1-5');
    const monday = clock('09:00') + 5 * DAY;
    const since = cronJob({}, { lastScheduleTime: at(monday) });
    const friday = monday + 4 * DAY;
    expect(dueRun(since, weekdays, friday + 2 * HOUR)?.scheduledAt).toBe(friday);
  });

  it('is nothing for a schedule that never comes', () => {
    const never = parseCronSchedule('0 0 31 2 *');
    expect(dueRun(cronJob({}, lastRun('10:00')), never, NOON)).toBeUndefined();
  });

  const minutes = fc.integer({ min: 1, max: 59 });
  property('is what walking through all runs finds', minutes, minutes, (every, late) => {
    const schedule = parseCronSchedule(`*/${every} 8-17 * * *`);
    const one = cronJob({}, lastRun('06:00'));
    const now = clock('07:00') + late * 17 * MINUTE;
    let expected: number | undefined;
    for (let run = schedule.next(clock('06:00')); run !== undefined && run <= now; ) {
      expected = run;
      run = schedule.next(run);
    }
    expect(dueRun(one, schedule, now)?.scheduledAt).toBe(expected);
  });
});

describe('nextLookMs', () => {
  it.core('is a moment after the next run', () => {
    const one = cronJob({}, lastRun('10:00'));
    expect(nextLookMs(one, hourly, clock('10:40'))).toBe(20 * MINUTE + NEXT_RUN_DELTA_MS);
  });

  it('is about the run after the one that is due', () => {
    const one = cronJob({}, lastRun('10:00'));
    expect(nextLookMs(one, hourly, clock('11:00'))).toBe(HOUR + NEXT_RUN_DELTA_MS);
    expect(nextLookMs(one, hourly, clock('13:20'))).toBe(40 * MINUTE + NEXT_RUN_DELTA_MS);
  });

  it('counts from its creation, before the first run', () => {
    const one = cronJob({}, {}, '10:30');
    expect(nextLookMs(one, hourly, clock('10:30'))).toBe(30 * MINUTE + NEXT_RUN_DELTA_MS);
  });

  it('keeps the beat of @every', () => {
    const every = parseCronSchedule('@every 7m');
    const one = cronJob({}, lastRun('10:00'));
    expect(nextLookMs(one, every, clock('10:20'))).toBe(MINUTE + NEXT_RUN_DELTA_MS);
  });

  it('does not mind the deadline', () => {
    const one = cronJob({ startingDeadlineSeconds: 60 }, lastRun('10:00'));
    const every = parseCronSchedule('@every 7m');
    expect(nextLookMs(one, every, clock('10:20'))).toBe(MINUTE + NEXT_RUN_DELTA_MS);
  });

  it('waits for a last run that is in the future', () => {
    const one = cronJob({}, lastRun('15:00'));
    expect(nextLookMs(one, hourly, clock('13:00'))).toBe(3 * HOUR + NEXT_RUN_DELTA_MS);
  });

  it('is nothing when there is no next run', () => {
    const never = parseCronSchedule('0 0 31 2 *');
    expect(nextLookMs(cronJob(), never, NOON)).toBeUndefined();
  });
});

describe('reviewJobs', () => {
  it.core('takes those that ended out of the list', () => {
    const jobs = [job('a', { ended: 'Complete', endedAt: '10:05' }), job('b')];
    const review = reviewJobs(cronJob({}, active('a', 'b')), jobs);
    expect(review.status).toEqual({
      ...active('b'),
      lastSuccessfulTime: at(clock('10:05')),
    });
    expect(review.news).toEqual([
      {
        type: 'Normal',
        reason: 'SawCompletedJob',
        message: 'Saw completed job: a, condition: Complete',
      },
    ]);
    expect(review.unexpected).toEqual([]);
  });

  it('says how they ended', () => {
    const { news, status } = reviewJobs(cronJob({}, active('a')), [job('a', { ended: 'Failed' })]);
    expect(news[0]?.message).toBe('Saw completed job: a, condition: Failed');
    expect(status).toEqual({});
  });

  it('tells of none twice', () => {
    const jobs = [job('a', { ended: 'Complete', endedAt: '10:05' })];
    const { news } = reviewJobs(cronJob({}, {}), jobs);
    expect(news).toEqual([]);
  });

  it('remembers the latest success, listed or not', () => {
    const jobs = [
      job('a', { ended: 'Complete', endedAt: '10:05' }),
      job('b', { ended: 'Complete', endedAt: '10:40' }),
      job('c', { ended: 'Complete', endedAt: '10:20' }),
      job('d', { ended: 'Failed', endedAt: '10:50' }),
    ];
    const before = { ...active('c'), lastSuccessfulTime: at(clock('09:00')) };
    const latest = at(clock('10:40'));
    expect(reviewJobs(cronJob({}, before), jobs).status.lastSuccessfulTime).toBe(latest);
    const later = { lastSuccessfulTime: at(clock('11:00')) };
    expect(reviewJobs(cronJob({}, later), jobs).status).toEqual(later);
  });

  it('finds Jobs that run and are not listed', () => {
    const jobs = [job('a'), job('b'), job('c', { ended: 'Failed' })];
    const review = reviewJobs(cronJob({}, active('a')), jobs);
    expect(namesOf(review.unexpected)).toEqual(['b']);
    expect(review.status).toEqual(active('a'));
  });

  it('goes by uid, not by name', () => {
    const again = { ...job('a'), metadata: { name: 'a', uid: 'another', namespace: 'default' } };
    const review = reviewJobs(cronJob({}, active('a')), [again]);
    expect(namesOf(review.unexpected)).toEqual(['a']);
    expect(review.status).toEqual(active('a'));
  });

  it('keeps entries it knows nothing of, and all else', () => {
    const before = { ...active('x', 'a'), ...lastRun('10:00') };
    const jobs = [job('a', { ended: 'Failed' })];
    expect(reviewJobs(cronJob({}, before), jobs).status).toEqual({
      ...active('x'),
      ...lastRun('10:00'),
    });
  });

  it('takes a Job that is only about to end for one that runs', () => {
    const almost = job('a');
    const ending = {
      ...almost,
      status: { conditions: [{ type: 'SuccessCriteriaMet', status: 'True' }] },
    };
    expect(reviewJobs(cronJob({}, active('a')), [ending]).status).toEqual(active('a'));
  });
});

describe('decideRun', () => {
  it.core('starts what is due', () => {
    expect(decideRun(cronJob(), clock('11:00'), clock('11:00'))).toEqual({
      start: true,
      replaces: [],
    });
  });

  it.core('starts beside those that run, if it may', () => {
    const busy = cronJob({ concurrencyPolicy: 'Allow' }, active('tick-1'));
    expect(decideRun(busy, clock('11:00'), clock('11:00'))).toEqual({ start: true, replaces: [] });
  });

  it('does not start beside others under Forbid', () => {
    const busy = cronJob({ concurrencyPolicy: 'Forbid' }, active('tick-1'));
    expect(decideRun(busy, clock('11:00'), clock('11:00'))).toEqual({
      start: false,
      news: {
        type: 'Normal',
        reason: 'JobAlreadyActive',
        message:
          'Not starting job because prior execution is running and concurrency policy is Forbid',
      },
    });
    const free = cronJob({ concurrencyPolicy: 'Forbid' });
    expect(decideRun(free, clock('11:00'), clock('11:00')).start).toBe(true);
  });

  it('replaces others under Replace', () => {
    const busy = cronJob({ concurrencyPolicy: 'Replace' }, active('tick-1', 'tick-2'));
    expect(decideRun(busy, clock('11:00'), clock('11:00'))).toEqual({
      start: true,
      replaces: ['tick-1', 'tick-2'],
    });
  });

  it('does not make a run twice', () => {
    const made = cronJob({}, lastRun('11:00'));
    expect(decideRun(made, clock('11:00'), clock('11:30'))).toEqual({ start: false });
    const minutes = clock('11:00') / MINUTE;
    const policies = ['Allow', 'Forbid', 'Replace'];
    for (const concurrencyPolicy of policies) {
      const listed = cronJob({ concurrencyPolicy }, active(`tick-${minutes}`));
      expect(decideRun(listed, clock('11:00'), clock('11:30'))).toEqual({ start: false });
    }
  });

  it('misses a run that is too late', () => {
    const strict = cronJob({ startingDeadlineSeconds: 60 });
    expect(decideRun(strict, clock('11:00'), clock('11:01')).start).toBe(true);
    expect(decideRun(strict, clock('11:00'), clock('11:01') + 1000)).toEqual({
      start: false,
      news: {
        type: 'Warning',
        reason: 'MissSchedule',
        message: 'Missed scheduled time to start a job: Wed, 01 Jan 2025 11:00:00 +0000',
      },
    });
    expect(decideRun(cronJob(), clock('11:00'), clock('11:00') + 9 * DAY).start).toBe(true);
  });
});

describe('forgottenJobs', () => {
  const limits = { successfulJobsHistoryLimit: 2, failedJobsHistoryLimit: 1 };
  const done = (name: string, began: string) => job(name, { ended: 'Complete', began });
  const lost = (name: string, began: string) => job(name, { ended: 'Failed', began });

  it.core('forgets the oldest that are too many', () => {
    const jobs = [done('c', '03:00'), done('a', '01:00'), done('b', '02:00')];
    expect(namesOf(forgottenJobs(cronJob(limits), jobs))).toEqual(['a']);
  });

  it('counts those that failed for themselves', () => {
    const jobs = [
      lost('z', '04:00'),
      done('a', '01:00'),
      lost('x', '02:00'),
      done('b', '02:00'),
      lost('y', '03:00'),
    ];
    expect(namesOf(forgottenJobs(cronJob(limits), jobs))).toEqual(['x', 'y']);
  });

  it('never forgets one that runs', () => {
    const none = { successfulJobsHistoryLimit: 0, failedJobsHistoryLimit: 0 };
    const jobs = [job('a', { began: '01:00' }), job('b'), lost('x', '03:00'), done('c', '02:00')];
    expect(namesOf(forgottenJobs(cronJob(none), jobs))).toEqual(['c', 'x']);
  });

  it('forgets nothing without limits, nor below them', () => {
    const jobs = [done('a', '01:00'), lost('b', '02:00'), done('c', '03:00')];
    expect(forgottenJobs(cronJob(), jobs)).toEqual([]);
    expect(forgottenJobs(cronJob(limits), jobs)).toEqual([]);
  });

  it('goes by name where they began together, and last comes what did not begin', () => {
    const jobs = [
      job('never', { ended: 'Complete' }),
      done('b', '01:00'),
      done('a', '01:00'),
      done('c', '02:00'),
    ];
    expect(namesOf(forgottenJobs(cronJob(limits), jobs))).toEqual(['a', 'b']);
  });

  it('leaves the list it was given alone', () => {
    const jobs = Object.freeze([done('c', '03:00'), done('a', '01:00'), done('b', '02:00')]);
    forgottenJobs(cronJob(limits), jobs);
    expect(namesOf(jobs)).toEqual(['c', 'a', 'b']);
  });
});

let world: ControllerTestWorld;
const begin = async (options: object = {}): Promise<void> => {
  // The world begins at midnight.
  world = await newControllerWorld({
    clock: new FakeClock(),
    random: seededRandom(1),
    newTestApi,
    run: (around, signal) =>
      runControllers(newControllerContext(around), [newCronJobController], signal),
    ...options,
  });
};
afterEach(() => world?.end());

const cronJobs = () => world.admin.resource(CRON_JOBS, 'default');
const jobs = () => world.admin.resource(JOBS, 'default');
const create = (spec: object) =>
  cronJobs().create({
    metadata: { name: 'tick' },
    spec: {
      schedule: '0 * * * *',
      jobTemplate: {
        metadata: { labels: { app: 'tick' }, annotations: { note: 'x' } },
        spec: {
          template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } },
        },
      },
      ...spec,
    },
  });
const statusNow = async () => (await cronJobs().get('tick')).status ?? {};
const jobNames = async () => namesOf((await jobs().list()).items);
const newestJob = async () => (await jobs().list()).items.at(-1)?.metadata?.name ?? '';
/** Stands for the job controller. */
async function finish(name: string, type: 'Complete' | 'Failed' = 'Complete'): Promise<void> {
  const one = await jobs().get(name);
  const now = at(world.clock.now());
  const before = type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget';
  await jobs().updateStatus({
    ...one,
    status: {
      startTime: one.metadata?.creationTimestamp,
      conditions: [
        { type: before, status: 'True' },
        { type, status: 'True' },
      ],
      ...(type === 'Complete' && { completionTime: now }),
    },
  });
}
const nameAt = (ms: number): string => `tick-${Math.floor(ms / MINUTE)}`;

describe('the CronJob controller', () => {
  it('makes a Job when it is time', async () => {
    await begin();
    await create({});
    await world.advance(HOUR - 2000);
    expect(await jobNames()).toEqual([]);
    await world.advance(2000);
    const due = Math.floor(world.clock.now() / HOUR) * HOUR;
    const [one] = (await jobs().list()).items;
    expect(one?.metadata).toMatchObject({
      name: nameAt(due),
      labels: { app: 'tick' },
      annotations: {
        note: 'x',
        'batch.kubernetes.io/cronjob-scheduled-timestamp': at(due),
      },
      ownerReferences: [{ kind: 'CronJob', name: 'tick', controller: true }],
    });
    const { active: list, lastScheduleTime } = await statusNow();
    expect(lastScheduleTime).toBe(at(due));
    expect(list?.map(({ name, uid }) => [name, uid])).toEqual([
      [one?.metadata?.name, one?.metadata?.uid],
    ]);
    expect(await world.events()).toEqual([`Normal SuccessfulCreate Created job ${nameAt(due)}`]);
  });

  it('sees Jobs end, and forgets them', async () => {
    await begin();
    await create({ successfulJobsHistoryLimit: 1 });
    for (let i = 0; i < 3; i++) {
      await world.advance(HOUR);
      await finish(await newestJob());
      await world.settle();
    }
    expect((await jobNames()).length).toBe(1);
    const { active: list, lastSuccessfulTime } = await statusNow();
    expect(list).toBeUndefined();
    expect(lastSuccessfulTime).toBe(at(world.clock.now()));
    const told = (await world.events()).map((event) => event.split(' ')[1]);
    expect(new Set(told)).toEqual(
      new Set(['SuccessfulCreate', 'SawCompletedJob', 'SuccessfulDelete']),
    );
    expect(world.log.count('error')).toBe(0);
  });

  it('runs by the clocks of its time zone', async () => {
    await begin();
    await create({ schedule: '30 7 * * *', timeZone: 'Asia/Kolkata' });
    await world.advance(2 * HOUR + MINUTE);
    const [one] = (await jobs().list()).items;
    const { annotations } = one?.metadata ?? {};
    expect(annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp']).toBe(
      '2025-01-01T07:30:00+05:30',
    );
  });

  it('makes up for the most recent run it missed', async () => {
    await begin();
    await create({ schedule: '* * * * *', concurrencyPolicy: 'Forbid' });
    await world.settle();
    await world.stop();
    await world.advance(3 * HOUR);
    await world.start();
    expect(await jobNames()).toEqual([nameAt(world.clock.now() - 1000)]);
    expect(await world.events()).toContain(
      'Warning TooManyMissedTimes too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew',
    );
  });

  it('waits for the one that runs under Forbid, and then starts late', async () => {
    await begin();
    await create({ concurrencyPolicy: 'Forbid' });
    await world.advance(2.5 * HOUR);
    const [first] = await jobNames();
    expect((await jobNames()).length).toBe(1);
    expect(await world.events()).toContain(
      'Normal JobAlreadyActive Not starting job because prior execution is running and concurrency policy is Forbid',
    );
    await finish(first ?? '');
    await world.settle();
    expect((await jobNames()).length).toBe(2);
  });

  it('replaces the one that runs under Replace', async () => {
    await begin();
    await create({ concurrencyPolicy: 'Replace' });
    await world.advance(HOUR);
    const [first] = await jobNames();
    await world.advance(HOUR);
    const names = await jobNames();
    expect([names.length, names.includes(first)]).toEqual([1, false]);
    expect(await world.events()).toContain(`Normal SuccessfulDelete Deleted job ${first}`);
    expect((await statusNow()).active?.map(({ name }) => name)).toEqual(names);
  });

  it('does nothing while it is suspended', async () => {
    await begin();
    await create({ suspend: true });
    expect(await world.writesWithin(3 * HOUR)).toEqual([]);
  });

  it('misses a Job that is gone', async () => {
    await begin();
    await create({});
    await world.advance(HOUR);
    const [first] = await jobNames();
    await jobs().delete(first ?? '', { propagationPolicy: 'Background' });
    await world.advance(1000);
    expect((await statusNow()).active).toBeUndefined();
    expect(await world.events()).toContain(`Normal MissingJob Active job went missing: ${first}`);
  });

  it('begins with the next run, when the schedule is another one', async () => {
    await begin();
    await create({ schedule: '0 0 1 1 *' });
    await world.advance(30 * MINUTE);
    await cronJobs().patch('tick', 'merge-patch', { spec: { schedule: '*/20 * * * *' } });
    await world.advance(5 * MINUTE);
    expect(await jobNames()).toEqual([]);
    await world.advance(6 * MINUTE);
    expect((await jobNames()).length).toBe(1);
  });

  it('says that a schedule never comes', async () => {
    await begin();
    await create({ schedule: '0 0 31 2 *' });
    await world.settle();
    expect(await world.events()).toEqual([
      'Warning InvalidSchedule invalid schedule: 0 0 31 2 * : time difference between two schedules is less than 1 second',
    ]);
    expect(await world.writesWithin()).toEqual([]);
  });

  for (const seed of [1, 2, 3]) {
    it(`makes each run once though every write fails once (${seed})`, async () => {
      await begin();
      const faults = world.failEachWriteOnce({ seed });
      await create({ successfulJobsHistoryLimit: 10 });
      for (let i = 0; i < 3; i++) {
        await world.advance(HOUR);
        for (const name of await jobNames()) await finish(name ?? '').catch(() => {});
        world.api.cutWatches();
      }
      await world.advance(MINUTE);
      expect(faults.count).toBeGreaterThan(2);
      expect((await jobNames()).length).toBe(3);
      const { active: list, lastScheduleTime } = await statusNow();
      expect(list).toBeUndefined();
      expect(lastScheduleTime).toBe(at(Math.floor(world.clock.now() / HOUR) * HOUR));
    });
  }

  it('makes a run once though it is killed before it wrote that down', async () => {
    await begin();
    await create({});
    const end = world.api.intercept(({ resource, subresource }) => {
      if (resource === 'cronjobs' && subresource === 'status') throw new Error('gone');
      return undefined;
    });
    await world.advance(HOUR + 10_000);
    end();
    await world.restart();
    const names = await jobNames();
    expect(names.length).toBe(1);
    expect((await statusNow()).active?.map(({ name }) => name)).toEqual(names);
  });

  it('makes a run once while its cache is behind', async () => {
    await begin();
    await create({});
    await world.advance(HOUR - 5000);
    const release = world.api.holdWatches();
    await world.advance(10 * MINUTE);
    expect((await jobNames()).length).toBe(1);
    release();
    await world.advance(MINUTE);
    expect((await jobNames()).length).toBe(1);
    expect((await statusNow()).active?.length).toBe(1);
  });
});
