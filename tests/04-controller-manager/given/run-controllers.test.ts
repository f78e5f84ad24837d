import { FakeClock, seededRandom, silentLogger } from '#apimachinery';
import { newTestApi, type TestApi } from '#apiserver/testing';
import { type Client, NODES, PODS } from '#client';
import {
  type ControllerContext,
  type NewController,
  newControllerContext,
  runControllers,
} from '#controller-manager';
import { afterEach, describe, expect, it, refusalOf } from '#kit';

const NODE = { metadata: { name: 'n1', uid: 'n1' } };
let api: TestApi;

async function begin() {
  const clock = new FakeClock();
  const random = seededRandom(1);
  api = await newTestApi({ clock, random });
  const context = newControllerContext({
    client: api.client as Client,
    clock,
    random,
    log: silentLogger,
  });
  return { clock, context, stop: new AbortController() };
}
afterEach(() => api.stop());

/** A controller that does nothing until it is told to stop, then takes a second to end. */
function idle(name: string, did: string[] = []): NewController {
  return ({ clock, informers }) => {
    const pods = informers.informer(PODS);
    return {
      name,
      run: async (signal) => {
        await pods.whenSynced(signal);
        did.push(`${name} runs`);
        await clock.sleep(1e9, signal).catch(() => {});
        await clock.sleep(1000);
        did.push(`${name} ended`);
      },
    };
  };
}

const listed = (resource: string) =>
  api.requests.filter((each) => each.verb === 'list' && each.resource === resource).length;

describe('runControllers', () => {
  it('runs controllers on one set of caches until it is stopped', async () => {
    const { clock, context, stop } = await begin();
    const did: string[] = [];
    const running = runControllers(context, [idle('a', did), idle('b', did)], stop.signal);
    await clock.settle();
    expect(did).toEqual(['a runs', 'b runs']);
    expect(listed('pods')).toBe(1);
    stop.abort();
    await clock.advance(1000);
    await running;
    expect(did).toEqual(['a runs', 'b runs', 'a ended', 'b ended']);
  });

  it('does nothing when it is stopped before', async () => {
    const { clock, context, stop } = await begin();
    stop.abort();
    const make: NewController = () => ({ name: 'a', run: async () => {} });
    await runControllers(context, [make], stop.signal);
    await clock.settle();
    expect(listed('pods')).toBe(0);
  });

  it('ends all when one fails, waits for them, and throws what it threw', async () => {
    const { clock, context, stop } = await begin();
    const did: string[] = [];
    const broken: NewController = () => ({
      name: 'broken',
      run: async () => {
        await clock.sleep(10);
        throw new Error('broken');
      },
    });
    const refusal = refusalOf(runControllers(context, [broken, idle('a', did)], stop.signal));
    await clock.advance(2000);
    expect(await refusal).toMatchObject({ message: 'broken' });
    expect(did).toEqual(['a runs', 'a ended']);
  });

  it('takes it for a failure when one ends by itself', async () => {
    const { clock, context, stop } = await begin();
    const short: NewController = () => ({ name: 'short', run: async () => {} });
    const refusal = refusalOf(runControllers(context, [short, idle('a')], stop.signal));
    await clock.advance(2000);
    expect(await refusal).toMatchObject({ message: 'short ended by itself' });
  });

  it('writes the events that were told before it ends', async () => {
    const { clock, context, stop } = await begin();
    const teller: NewController = ({ recorder }: ControllerContext) => ({
      name: 'teller',
      run: async (signal) => {
        await clock.sleep(1e9, signal).catch(() => {});
        recorder('teller').event(NODES, NODE, 'Normal', 'Bye', 'it ends');
      },
    });
    const running = runControllers(context, [teller], stop.signal);
    await clock.settle();
    stop.abort();
    await clock.settle();
    await running;
    expect(api.writes.map(({ verb, resource }) => `${verb} ${resource}`)).toEqual([
      'create events',
    ]);
  });
});

describe('newControllerContext', () => {
  it('gives an informer its index once, whoever asks', async () => {
    const { context } = await begin();
    const informer = context.ownedInformer(PODS);
    expect(context.ownedInformer(PODS) === informer).toBe(true);
    expect(context.informers.informer(PODS) === informer).toBe(true);
  });
});
