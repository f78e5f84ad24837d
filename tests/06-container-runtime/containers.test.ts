import { FakeClock } from '#apimachinery';
import {
  type ContainerExit,
  type ContainerHost,
  type ContainerProcess,
  Containers,
  type PreparedContainer,
} from '#container-runtime';
import { type ContainerConfig, CriError, type PodSandboxConfig } from '#container-runtime/cri';
import { describe, expect, fc, it, property, refusalOf } from '#kit';

const NOW_NS = 1_735_689_600_000_000_000n;
const MS = 1_000_000n;

/** What a container's process does about the stop signal. */
type Manners = 'obeys' | 'ignores' | { readonly endsAfterMs: number };

/** A host whose processes do as they are told. */
class TestHost implements ContainerHost {
  readonly calls: string[] = [];
  readonly kills: string[] = [];
  manners: Manners = 'obeys';
  killTakesMs = 0;
  ips: readonly string[] = ['10.0.0.2'];
  failure: unknown;
  /** Told of each call, before it is answered. */
  onCall: (call: string) => void = () => {};
  /** Held calls resolve when this does. */
  gate: Promise<void> = Promise.resolve();
  readonly #clock: FakeClock;
  readonly #ends = new Map<string, (exit: ContainerExit) => void>();

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  async setUpSandbox(id: string): Promise<readonly string[]> {
    await this.#enter(`setUp ${id[0]}`);
    return this.ips;
  }

  async tearDownSandbox(id: string): Promise<void> {
    await this.#enter(`tearDown ${id[0]}`);
  }

  async prepareContainer(id: string, sandboxId: string): Promise<PreparedContainer> {
    await this.#enter(`prepare ${id[0]} in ${sandboxId[0]}`);
    return {
      imageId: 'sha256:1',
      imageRef: 'nginx@sha256:2',
      stopSignal: 'SIGQUIT',
      user: { uid: 0, gid: 0, supplementalGroups: [0] },
    };
  }

  async startContainer(id: string): Promise<ContainerProcess> {
    await this.#enter(`start ${id[0]}`);
    const exited = new Promise<ContainerExit>((resolve) => this.#ends.set(id, resolve));
    return { kill: (signal) => this.#kill(id, signal), exited };
  }

  async removeContainer(id: string): Promise<void> {
    await this.#enter(`remove ${id[0]}`);
  }

  /** Holds the calls from now on, until the function is called. */
  hold(): () => void {
    let open = (): void => {};
    this.gate = new Promise((resolve) => {
      open = resolve;
    });
    return open;
  }

  end(id: string, exitCode: number, isOomKilled = false): void {
    this.#ends.get(id)?.({ exitCode, isOomKilled });
  }

  #kill(id: string, signal: string): void {
    this.kills.push(`${signal} ${id[0]} at ${this.#clock.monotonic()}`);
    if (signal === 'SIGKILL') this.#die(id);
    else if (this.manners === 'obeys') this.end(id, 0);
    else if (this.manners !== 'ignores') {
      this.#clock.after(this.manners.endsAfterMs, () => this.end(id, 0));
    }
  }

  #die(id: string): void {
    if (this.killTakesMs === 0) this.end(id, 137);
    else this.#clock.after(this.killTakesMs, () => this.end(id, 137));
  }

  async #enter(call: string): Promise<void> {
    this.calls.push(call);
    this.onCall(call);
    await this.gate;
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
  }
}

const sandboxConfig = (name: string, more: Partial<PodSandboxConfig> = {}): PodSandboxConfig => ({
  metadata: { name, uid: `uid-${name}`, namespace: 'shop', attempt: 0 },
  ...more,
});
const containerConfig = (name: string, more: Partial<ContainerConfig> = {}): ContainerConfig => ({
  metadata: { name, attempt: 0 },
  image: { image: 'nginx' },
  ...more,
});

function newWorld(ids = '0123456789abcdef') {
  const clock = new FakeClock();
  const host = new TestHost(clock);
  const events: string[] = [];
  let made = 0;
  const containers: Containers = new Containers({
    host,
    clock,
    newId: () => (ids[made++] ?? 'f').repeat(64),
    onEvent: (type, id) => {
      events.push(`${type.split('_')[1]} ${id[0]}`);
    },
  });
  /** A container that runs, in a sandbox of its own. */
  const running = async (name = 'web') => {
    const sandboxId = await containers.runPodSandbox(sandboxConfig(name));
    const id = await containers.createContainer(sandboxId, containerConfig('main'));
    await containers.startContainer(id);
    return { sandboxId, id };
  };
  const all = () =>
    containers.listContainers().map(({ id, state }) => `${id[0]} ${state.split('_')[1]}`);
  return { clock, host, containers, events, running, all };
}

describe('Containers', () => {
  it.core('takes a container from its beginning to its end', async () => {
    const { clock, host, containers } = newWorld();
    const sandboxId = await containers.runPodSandbox(sandboxConfig('web'));
    expect(containers.sandbox(sandboxId)).toMatchObject({
      state: 'SANDBOX_READY',
      ips: ['10.0.0.2'],
    });
    const id = await containers.createContainer(sandboxId, containerConfig('main'));
    expect(containers.container(id)).toMatchObject({ state: 'CONTAINER_CREATED', startedAt: 0n });
    await clock.advance(10);
    await containers.startContainer(id);
    expect(containers.container(id)).toMatchObject({
      state: 'CONTAINER_RUNNING',
      createdAt: NOW_NS,
      startedAt: NOW_NS + 10n * MS,
      finishedAt: 0n,
    });
    await clock.advance(20);
    host.end(id, 3);
    await clock.settle();
    expect(containers.container(id)).toMatchObject({
      state: 'CONTAINER_EXITED',
      finishedAt: NOW_NS + 30n * MS,
      exitCode: 3,
      reason: 'Error',
    });
    await containers.removeContainer(id);
    expect(containers.listContainers()).toEqual([]);
    expect(host.calls).toEqual(['setUp 0', 'prepare 1 in 0', 'start 1', 'remove 1']);
  });

  it.core('asks a container to end, and kills it when its time is over', async () => {
    const { clock, host, containers, running } = newWorld();
    host.manners = 'ignores';
    const { id } = await running();
    let isOver = false;
    const stop = containers.stopContainer(id, 30).then(() => {
      isOver = true;
    });
    await clock.advance(29_999);
    expect(host.kills).toEqual(['SIGQUIT 1 at 0']);
    expect(isOver).toBe(false);
    await clock.advance(1);
    await stop;
    expect(host.kills).toEqual(['SIGQUIT 1 at 0', 'SIGKILL 1 at 30000']);
    expect(containers.container(id)).toMatchObject({ state: 'CONTAINER_EXITED', exitCode: 137 });
    expect(clock.pendingTimers).toBe(0);
  });

  it.core('stops a sandbox with all that runs in it', async () => {
    const { host, containers, running, all } = newWorld();
    const { sandboxId } = await running();
    await containers.createContainer(sandboxId, containerConfig('second'));
    await containers.stopPodSandbox(sandboxId);
    expect(containers.sandbox(sandboxId).state).toBe('SANDBOX_NOTREADY');
    expect(all()).toEqual(['1 EXITED', '2 CREATED']);
    expect(host.kills).toEqual(['SIGKILL 1 at 0']);
    await containers.removePodSandbox(sandboxId);
    expect(all()).toEqual([]);
    expect(containers.listSandboxes()).toEqual([]);
  });

  it.core('does not mind what has been done already', async () => {
    const { host, containers, running } = newWorld();
    const { sandboxId, id } = await running();
    for (let i = 0; i < 2; i++) {
      await containers.stopContainer(id, 10);
      await containers.stopPodSandbox(sandboxId);
    }
    for (let i = 0; i < 2; i++) {
      await containers.removeContainer(id);
      await containers.removePodSandbox(sandboxId);
      await containers.stopContainer(id, 10);
      await containers.stopPodSandbox(sandboxId);
    }
    const ends = host.calls.filter((call) => /^(tearDown|remove)/.test(call));
    expect(ends).toEqual(['tearDown 0', 'remove 1']);
  });

  it.core('refuses a name that is taken', async () => {
    const { containers, running } = newWorld();
    const { sandboxId } = await running();
    const name = 'main_web_shop_uid-web_0';
    expect(
      await refusalOf(containers.createContainer(sandboxId, containerConfig('main'))),
    ).toMatchObject({
      name: 'CriError',
      code: 'UNKNOWN',
      description: `failed to reserve container name "${name}": name "${name}" is reserved for "${'1'.repeat(64)}"`,
    });
    const next = containerConfig('main', { metadata: { name: 'main', attempt: 1 } });
    await containers.createContainer(sandboxId, next);
  });
});

describe('Containers, sandboxes', () => {
  it('keeps what it was given, and when', async () => {
    const { clock, host, containers } = newWorld();
    await clock.advance(7.9);
    host.ips = [];
    const config = sandboxConfig('web', { labels: { app: 'web' } });
    const id = await containers.runPodSandbox(config, 'gvisor');
    expect(id).toBe('0'.repeat(64));
    expect(containers.sandbox(id)).toEqual({
      id,
      config,
      runtimeHandler: 'gvisor',
      state: 'SANDBOX_READY',
      createdAt: NOW_NS + 7n * MS,
      ips: [],
    });
  });

  it('has no handler unless there is one', async () => {
    const { containers } = newWorld();
    const id = await containers.runPodSandbox(sandboxConfig('web'));
    expect(containers.sandbox(id).runtimeHandler).toBe('');
  });

  it('is not there when its network cannot be set up', async () => {
    const { host, containers, events } = newWorld();
    const failure = new CriError('UNKNOWN', 'no addresses');
    host.failure = failure;
    expect(await refusalOf(containers.runPodSandbox(sandboxConfig('web')))).toBe(failure);
    expect(containers.listSandboxes()).toEqual([]);
    expect(events).toEqual([]);
    const id = await containers.runPodSandbox(sandboxConfig('web'));
    expect(id).toBe('1'.repeat(64));
  });

  it('refuses the same pod twice, but not its next attempt', async () => {
    const { containers } = newWorld();
    const config = sandboxConfig('web');
    const id = await containers.runPodSandbox(config);
    const name = 'web_shop_uid-web_0';
    expect(await refusalOf(containers.runPodSandbox(config))).toMatchObject({
      code: 'UNKNOWN',
      description: `failed to reserve sandbox name "${name}": name "${name}" is reserved for "${id}"`,
    });
    await containers.runPodSandbox({ metadata: { ...config.metadata, attempt: 1 } });
    await containers.stopPodSandbox(id);
    await refusalOf(containers.runPodSandbox(config));
    await containers.removePodSandbox(id);
    await containers.runPodSandbox(config);
  });

  it('refuses a name from the call on, not from its end', async () => {
    const { containers } = newWorld();
    const results = await Promise.allSettled([
      containers.runPodSandbox(sandboxConfig('web')),
      containers.runPodSandbox(sandboxConfig('web')),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });

  it('is unknown by any other name', async () => {
    const { containers } = newWorld();
    await containers.runPodSandbox(sandboxConfig('web'));
    for (const id of ['', 'f', '1'.repeat(64)]) {
      expect(() => containers.sandbox(id)).toThrow({
        code: 'NOT_FOUND',
        description: 'an error occurred when try to find sandbox: not found',
      });
    }
  });

  it('kills all its containers at once, and then gives its network back', async () => {
    const { host, containers, running } = newWorld();
    const { sandboxId } = await running();
    const second = await containers.createContainer(sandboxId, containerConfig('second'));
    await containers.startContainer(second);
    host.calls.length = 0;
    await containers.stopPodSandbox(sandboxId);
    expect(host.kills).toEqual(['SIGKILL 1 at 0', 'SIGKILL 2 at 0']);
    expect(host.calls).toEqual(['tearDown 0']);
    expect(containers.listContainers({ state: { state: 'CONTAINER_RUNNING' } })).toEqual([]);
  });

  it('leaves the containers of others alone', async () => {
    const { containers, running, all } = newWorld();
    const first = await running('a');
    await running('b');
    await containers.removePodSandbox(first.sandboxId);
    expect(all()).toEqual(['3 RUNNING']);
    expect(containers.listSandboxes()).toHaveLength(1);
  });

  it('gives its network back once, although it is stopped twice at the same time', async () => {
    const { host, containers, running } = newWorld();
    const { sandboxId } = await running();
    await Promise.all([
      containers.stopPodSandbox(sandboxId),
      containers.removePodSandbox(sandboxId),
      containers.stopPodSandbox(sandboxId),
    ]);
    expect(host.calls.filter((call) => call.startsWith('tearDown'))).toEqual(['tearDown 0']);
    expect(containers.listSandboxes()).toEqual([]);
  });
});

describe('Containers, creating and starting', () => {
  it('keeps what the host says of a container', async () => {
    const { containers } = newWorld();
    const sandboxId = await containers.runPodSandbox(sandboxConfig('web'));
    const config = containerConfig('main', { labels: { a: 'b' } });
    const id = await containers.createContainer(sandboxId, config);
    expect(containers.container(id)).toEqual({
      id,
      sandboxId,
      config,
      imageId: 'sha256:1',
      imageRef: 'nginx@sha256:2',
      stopSignal: 'SIGQUIT',
      user: { uid: 0, gid: 0, supplementalGroups: [0] },
      state: 'CONTAINER_CREATED',
      createdAt: NOW_NS,
      startedAt: 0n,
      finishedAt: 0n,
      exitCode: 0,
      reason: '',
      message: '',
    });
  });

  it('needs a sandbox that is ready', async () => {
    const { host, containers } = newWorld();
    expect(await refusalOf(containers.createContainer('nope', containerConfig('a')))).toMatchObject(
      {
        code: 'NOT_FOUND',
        description: 'an error occurred when try to find sandbox: not found',
      },
    );
    const sandboxId = await containers.runPodSandbox(sandboxConfig('web'));
    const id = await containers.createContainer(sandboxId, containerConfig('a'));
    await containers.stopPodSandbox(sandboxId);
    const description = `sandbox container "${sandboxId}" is not running`;
    const late = { code: 'UNKNOWN', description };
    expect(
      await refusalOf(containers.createContainer(sandboxId, containerConfig('b'))),
    ).toMatchObject(late);
    expect(await refusalOf(containers.startContainer(id))).toMatchObject(late);
    expect(containers.container(id).state).toBe('CONTAINER_CREATED');
    expect(host.calls).not.toContain('start 1');
  });

  it('is not there when it cannot be prepared, and its name is free', async () => {
    const { host, containers, all } = newWorld();
    const sandboxId = await containers.runPodSandbox(sandboxConfig('web'));
    const failure = new CriError('NOT_FOUND', 'no image');
    host.failure = failure;
    expect(await refusalOf(containers.createContainer(sandboxId, containerConfig('a')))).toBe(
      failure,
    );
    expect(all()).toEqual([]);
    await containers.createContainer(sandboxId, containerConfig('a'));
    expect(all()).toEqual(['2 CREATED']);
  });

  it('refuses a name from the call on', async () => {
    const { containers } = newWorld();
    const sandboxId = await containers.runPodSandbox(sandboxConfig('web'));
    const results = await Promise.allSettled([
      containers.createContainer(sandboxId, containerConfig('a')),
      containers.createContainer(sandboxId, containerConfig('a')),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });

  it('frees a name when the container is removed, and not before', async () => {
    const { containers, running } = newWorld();
    const { sandboxId, id } = await running();
    await containers.stopContainer(id, 1);
    await refusalOf(containers.createContainer(sandboxId, containerConfig('main')));
    await containers.removeContainer(id);
    await containers.createContainer(sandboxId, containerConfig('main'));
  });

  it('frees the names of a sandbox that is removed', async () => {
    const { containers, running, all } = newWorld();
    const { sandboxId } = await running();
    await containers.removePodSandbox(sandboxId);
    await running();
    expect(all()).toEqual(['3 RUNNING']);
  });

  it('takes the same name in another sandbox', async () => {
    const { running, all } = newWorld();
    await running('a');
    await running('b');
    expect(all()).toEqual(['1 RUNNING', '3 RUNNING']);
  });

  it('starts once', async () => {
    const { host, containers, running } = newWorld();
    const { id } = await running();
    const refused = (state: string) => ({
      code: 'UNKNOWN',
      description: `failed to set starting state for container "${id}": container is in ${state} state`,
    });
    expect(await refusalOf(containers.startContainer(id))).toMatchObject(
      refused('CONTAINER_RUNNING'),
    );
    await containers.stopContainer(id);
    expect(await refusalOf(containers.startContainer(id))).toMatchObject(
      refused('CONTAINER_EXITED'),
    );
    expect(host.calls.filter((call) => call.startsWith('start'))).toEqual(['start 1']);
  });

  it('does not start while it is being started', async () => {
    const { host, containers } = newWorld();
    const sandboxId = await containers.runPodSandbox(sandboxConfig('web'));
    const id = await containers.createContainer(sandboxId, containerConfig('a'));
    let open = (): void => {};
    host.gate = new Promise((resolve) => {
      open = resolve;
    });
    const first = containers.startContainer(id);
    expect(await refusalOf(containers.startContainer(id))).toMatchObject({
      description: `failed to set starting state for container "${id}": container is in starting state`,
    });
    open();
    await first;
    expect(containers.container(id).state).toBe('CONTAINER_RUNNING');
  });

  it('has ended when it cannot be started, and says why', async () => {
    const { clock, host, containers, events } = newWorld();
    const sandboxId = await containers.runPodSandbox(sandboxConfig('web'));
    const id = await containers.createContainer(sandboxId, containerConfig('a'));
    await clock.advance(5);
    const failure = new CriError('UNKNOWN', 'exec: "x": executable file not found in $PATH');
    host.failure = failure;
    expect(await refusalOf(containers.startContainer(id))).toBe(failure);
    expect(containers.container(id)).toMatchObject({
      state: 'CONTAINER_EXITED',
      exitCode: 127,
      reason: 'StartError',
      message: 'exec: "x": executable file not found in $PATH',
      startedAt: 0n,
      finishedAt: NOW_NS + 5n * MS,
    });
    expect(events.slice(2)).toEqual(['CREATED 1', 'STOPPED 1']);
    await containers.removeContainer(id);
    expect(host.calls.at(-1)).toBe('remove 1');
  });

  it('says why also when it was another error', async () => {
    const { host, containers } = newWorld();
    const sandboxId = await containers.runPodSandbox(sandboxConfig('web'));
    const id = await containers.createContainer(sandboxId, containerConfig('a'));
    host.failure = new TypeError('odd');
    await refusalOf(containers.startContainer(id));
    expect(containers.container(id).message).toContain('odd');
  });

  it('says that there is none', async () => {
    const { containers } = newWorld();
    const description = 'an error occurred when try to find container "nope": not found';
    expect(await refusalOf(containers.startContainer('nope'))).toMatchObject({
      code: 'NOT_FOUND',
      description,
    });
    expect(() => containers.container('nope')).toThrow({ code: 'NOT_FOUND', description });
    expect(() => containers.container('')).toThrow({ code: 'NOT_FOUND' });
  });
});

describe('Containers, how they end', () => {
  const rows: [exitCode: number, isOomKilled: boolean, reason: string][] = [
    [0, false, 'Completed'],
    [1, false, 'Error'],
    [137, false, 'Error'],
    [137, true, 'OOMKilled'],
    [0, true, 'OOMKilled'],
  ];
  for (const [exitCode, isOomKilled, reason] of rows) {
    it(`has the reason ${reason} for ${exitCode}${isOomKilled ? ' and no memory' : ''}`, async () => {
      const { clock, host, containers, running } = newWorld();
      const { id } = await running();
      host.end(id, exitCode, isOomKilled);
      await clock.settle();
      expect(containers.container(id)).toMatchObject({ exitCode, reason, message: '' });
    });
  }

  it('needs no kill when it ends in time, and leaves no timer', async () => {
    const { clock, host, containers, running } = newWorld();
    host.manners = { endsAfterMs: 400 };
    const { id } = await running();
    const stop = containers.stopContainer(id, 30);
    await clock.advance(400);
    await stop;
    expect(host.kills).toEqual(['SIGQUIT 1 at 0']);
    expect(containers.container(id)).toMatchObject({
      exitCode: 0,
      reason: 'Completed',
      finishedAt: NOW_NS + 400n * MS,
    });
    expect(clock.pendingTimers).toBe(0);
  });

  it('needs no kill when it ends by itself while it is being stopped', async () => {
    const { clock, host, containers, running } = newWorld();
    host.manners = 'ignores';
    const { id } = await running();
    const stop = containers.stopContainer(id, 30);
    await clock.advance(100);
    host.end(id, 5);
    await stop;
    expect(containers.container(id).exitCode).toBe(5);
    expect(host.kills).toEqual(['SIGQUIT 1 at 0']);
  });

  it('is killed at once without a timeout', async () => {
    for (const timeout of [0, undefined]) {
      const { host, containers, running } = newWorld();
      const { id } = await running();
      await containers.stopContainer(id, timeout);
      expect(host.kills).toEqual(['SIGKILL 1 at 0']);
      expect(containers.container(id).exitCode).toBe(137);
    }
  });

  it('is killed at the shorter of two times', async () => {
    const { clock, host, containers, running } = newWorld();
    host.manners = 'ignores';
    const { id } = await running();
    const stops = [containers.stopContainer(id, 30)];
    await clock.advance(1000);
    stops.push(containers.stopContainer(id, 2));
    await clock.advance(2000);
    await Promise.all(stops);
    expect(host.kills).toEqual(['SIGQUIT 1 at 0', 'SIGQUIT 1 at 1000', 'SIGKILL 1 at 3000']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('waits for the end of what it kills', async () => {
    const { clock, host, containers, running } = newWorld();
    host.killTakesMs = 5;
    const { id } = await running();
    let isOver = false;
    const stop = containers.stopContainer(id).then(() => {
      isOver = true;
    });
    await clock.advance(4);
    expect(isOver).toBe(false);
    await clock.advance(1);
    await stop;
    expect(containers.container(id).state).toBe('CONTAINER_EXITED');
  });

  it('has time also when it is only a second', async () => {
    const { clock, host, containers, running } = newWorld();
    host.manners = 'ignores';
    const { id } = await running();
    const stop = containers.stopContainer(id, 1);
    await clock.advance(1000);
    await stop;
    expect(host.kills).toEqual(['SIGQUIT 1 at 0', 'SIGKILL 1 at 1000']);
  });

  it('is left alone when it does not run', async () => {
    const { host, containers } = newWorld();
    const sandboxId = await containers.runPodSandbox(sandboxConfig('web'));
    const id = await containers.createContainer(sandboxId, containerConfig('a'));
    await containers.stopContainer(id, 10);
    await containers.stopContainer('nope', 10);
    expect(host.kills).toEqual([]);
    expect(containers.container(id).state).toBe('CONTAINER_CREATED');
  });

  it('is killed before it is removed', async () => {
    const { host, containers, running, all } = newWorld();
    const { id } = await running();
    await containers.removeContainer(id);
    expect(host.kills).toEqual(['SIGKILL 1 at 0']);
    expect(host.calls.at(-1)).toBe('remove 1');
    expect(all()).toEqual([]);
  });

  it('is removed once, although two want it', async () => {
    const { host, containers, running } = newWorld();
    const { id } = await running();
    await Promise.all([containers.removeContainer(id), containers.removeContainer(id)]);
    expect(host.calls.filter((call) => call.startsWith('remove'))).toEqual(['remove 1']);
  });
});

describe('Containers, calls that come meanwhile', () => {
  /** A container that is being started; its sandbox is 0, itself 1. */
  async function starting() {
    const world = newWorld();
    const { host, containers } = world;
    const sandboxId = await containers.runPodSandbox(sandboxConfig('web'));
    const id = await containers.createContainer(sandboxId, containerConfig('a'));
    const open = host.hold();
    /** What it is refused with, if it is. */
    const start = containers.startContainer(id).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    return { ...world, sandboxId, id, open, start };
  }
  const none = (calls: readonly string[], word: string) =>
    calls.filter((call) => call.startsWith(word));

  it('removes a container that is being started once it runs, and leaves no process', async () => {
    const { clock, host, containers, id, open } = await starting();
    const removed = containers.removeContainer(id);
    await clock.settle();
    expect(none(host.calls, 'remove')).toEqual([]);
    expect(containers.container(id).state).toBe('CONTAINER_CREATED');
    open();
    await removed;
    expect(host.kills).toEqual(['SIGKILL 1 at 0']);
    expect(host.calls.at(-1)).toBe('remove 1');
    expect(containers.listContainers()).toEqual([]);
  });

  it('removes a container also when it turns out that it cannot be started', async () => {
    const { host, containers, id, open, start } = await starting();
    host.failure = new CriError('UNKNOWN', 'no such command');
    const removed = containers.removeContainer(id);
    open();
    await removed;
    expect(await start).toMatchObject({ description: 'no such command' });
    expect(host.kills).toEqual([]);
    expect(host.calls.at(-1)).toBe('remove 1');
    expect(containers.listContainers()).toEqual([]);
  });

  it('stops a sandbox with a container that is being started', async () => {
    const { clock, host, containers, events, sandboxId, id, open } = await starting();
    const stopped = containers.stopPodSandbox(sandboxId);
    await clock.settle();
    expect(none(host.calls, 'tearDown')).toEqual([]);
    expect(containers.sandbox(sandboxId).state).toBe('SANDBOX_READY');
    open();
    await stopped;
    expect(host.kills).toEqual(['SIGKILL 1 at 0']);
    expect(containers.container(id).state).toBe('CONTAINER_EXITED');
    expect(events.slice(-3)).toEqual(['STARTED 1', 'STOPPED 1', 'STOPPED 0']);
  });

  it('removes a sandbox with a container that is being started', async () => {
    const { host, containers, sandboxId, open } = await starting();
    const removed = containers.removePodSandbox(sandboxId);
    open();
    await removed;
    expect(host.kills).toEqual(['SIGKILL 1 at 0']);
    expect(host.calls.slice(-2)).toEqual(['tearDown 0', 'remove 1']);
    expect(containers.listContainers()).toEqual([]);
  });

  it('has nothing to stop in a container that is being started', async () => {
    const { host, containers, id, open, start } = await starting();
    await containers.stopContainer(id, 10);
    expect(host.kills).toEqual([]);
    open();
    await start;
    expect(containers.container(id).state).toBe('CONTAINER_RUNNING');
  });

  it('does not start what is gone, nor what is being killed to be removed', async () => {
    const { clock, host, containers, running } = newWorld();
    const { sandboxId, id } = await running();
    const created = await containers.createContainer(sandboxId, containerConfig('created'));
    const open = host.hold();
    const removed = containers.removeContainer(created);
    await clock.settle();
    expect(await refusalOf(containers.startContainer(created))).toMatchObject({
      code: 'NOT_FOUND',
    });
    host.killTakesMs = 5;
    const killed = containers.removeContainer(id);
    await clock.settle();
    expect(await refusalOf(containers.startContainer(id))).toMatchObject({
      description: `failed to set starting state for container "${id}": container is in CONTAINER_RUNNING state`,
    });
    open();
    host.end(id, 0);
    await Promise.all([removed, killed]);
    expect(none(host.calls, 'start')).toEqual(['start 1']);
  });

  it('is gone, and its name free, while the host still takes it away', async () => {
    const { clock, host, containers, events } = newWorld();
    const sandboxId = await containers.runPodSandbox(sandboxConfig('web'));
    const id = await containers.createContainer(sandboxId, containerConfig('a'));
    const open = host.hold();
    const removed = containers.removeContainer(id);
    await clock.settle();
    expect(containers.listContainers()).toEqual([]);
    expect(events).not.toContain('DELETED 1');
    const again = containers.createContainer(sandboxId, containerConfig('a'));
    open();
    await Promise.all([removed, again]);
    expect(events).toContain('DELETED 1');
  });

  it('kills also what came while others ended', async () => {
    const { clock, host, containers, running, all } = newWorld();
    host.killTakesMs = 5;
    const { sandboxId } = await running();
    const stopped = containers.stopPodSandbox(sandboxId);
    await clock.advance(4);
    const late = await containers.createContainer(sandboxId, containerConfig('late'));
    await containers.startContainer(late);
    await clock.advance(1);
    expect(containers.sandbox(sandboxId).state).toBe('SANDBOX_READY');
    await clock.advance(5);
    await stopped;
    expect(host.kills).toEqual(['SIGKILL 1 at 0', 'SIGKILL 2 at 5']);
    expect(all()).toEqual(['1 EXITED', '2 EXITED']);
  });

  it('is ready until its containers have ended, then not, then gives its network back', async () => {
    const { clock, host, containers, events, running } = newWorld();
    host.killTakesMs = 5;
    const { sandboxId } = await running();
    const stopped = containers.stopPodSandbox(sandboxId);
    await clock.advance(4);
    expect(containers.sandbox(sandboxId).state).toBe('SANDBOX_READY');
    expect(events.slice(-1)).toEqual(['STARTED 1']);
    const seen: unknown[] = [];
    host.onCall = (call) => {
      seen.push(call, containers.sandbox(sandboxId).state, ...events.slice(-2));
    };
    await clock.advance(1);
    await stopped;
    expect(seen).toEqual(['tearDown 0', 'SANDBOX_NOTREADY', 'STOPPED 1', 'STOPPED 0']);
  });

  for (const [end, refused] of [
    [
      'stopped',
      { code: 'UNKNOWN', description: `sandbox container "${'0'.repeat(64)}" is not running` },
    ],
    [
      'removed',
      {
        code: 'NOT_FOUND',
        description: 'an error occurred when try to find sandbox: not found',
      },
    ],
  ] as const) {
    it(`makes no container in a sandbox that was ${end} meanwhile`, async () => {
      const { host, containers, events } = newWorld();
      const sandboxId = await containers.runPodSandbox(sandboxConfig('web'));
      const open = host.hold();
      const refusal = refusalOf(containers.createContainer(sandboxId, containerConfig('a')));
      host.gate = Promise.resolve();
      if (end === 'stopped') await containers.stopPodSandbox(sandboxId);
      else await containers.removePodSandbox(sandboxId);
      open();
      expect(await refusal).toMatchObject(refused);
      expect(host.calls.slice(-2)).toEqual(['tearDown 0', 'remove 1']);
      expect(containers.listContainers()).toEqual([]);
      expect(events).not.toContain('CREATED 1');
    });
  }

  it('refuses such a container also when the host cannot take it back', async () => {
    const { host, containers } = newWorld();
    const sandboxId = await containers.runPodSandbox(sandboxConfig('web'));
    const open = host.hold();
    const refusal = refusalOf(containers.createContainer(sandboxId, containerConfig('a')));
    host.gate = Promise.resolve();
    await containers.stopPodSandbox(sandboxId);
    host.onCall = () => {
      host.failure = new Error('busy');
    };
    open();
    expect(await refusal).toMatchObject({ code: 'UNKNOWN' });
  });

  it('is there, and is dated, when the host has answered', async () => {
    const { clock, host, containers } = newWorld();
    const open = host.hold();
    const first = containers.runPodSandbox(sandboxConfig('first'));
    host.gate = Promise.resolve();
    const second = await containers.runPodSandbox(sandboxConfig('second'));
    await clock.advance(10);
    expect(containers.listSandboxes()).toHaveLength(1);
    open();
    const both = [second, await first];
    expect(containers.listSandboxes().map(({ id }) => id)).toEqual(both);
    expect(containers.listSandboxes().map(({ createdAt }) => createdAt)).toEqual([
      NOW_NS,
      NOW_NS + 10n * MS,
    ]);
    const held = host.hold();
    const slow = containers.createContainer(second, containerConfig('slow'));
    host.gate = Promise.resolve();
    const quick = await containers.createContainer(second, containerConfig('quick'));
    await clock.advance(10);
    held();
    expect(containers.listContainers()).toHaveLength(1);
    const made = [quick, await slow];
    expect(containers.listContainers().map(({ id }) => id)).toEqual(made);
    expect(containers.container(await slow).createdAt).toBe(NOW_NS + 20n * MS);
  });

  it('passes on that the host could not remove, and does not ask again', async () => {
    const { host, containers, events, running } = newWorld();
    const { sandboxId, id } = await running();
    const failure = new CriError('UNKNOWN', 'device busy');
    host.failure = failure;
    expect(await refusalOf(containers.removeContainer(id))).toBe(failure);
    expect(containers.listContainers()).toEqual([]);
    expect(events.at(-1)).toBe('DELETED 1');
    await containers.removeContainer(id);
    expect(none(host.calls, 'remove')).toEqual(['remove 1']);
    await containers.createContainer(sandboxId, containerConfig('main'));
  });

  it('passes on that the host could not tear down, and goes on when it is asked again', async () => {
    const { host, containers, events, running } = newWorld();
    const { sandboxId } = await running();
    const failure = new CriError('UNKNOWN', 'device busy');
    host.failure = failure;
    expect(await refusalOf(containers.removePodSandbox(sandboxId))).toBe(failure);
    expect(containers.sandbox(sandboxId).state).toBe('SANDBOX_NOTREADY');
    expect(events.at(-1)).toBe('STOPPED 0');
    await containers.removePodSandbox(sandboxId);
    expect(containers.listSandboxes()).toEqual([]);
    expect(none(host.calls, 'tearDown')).toEqual(['tearDown 0']);
  });
});

describe('Containers, what is told', () => {
  it('tells each step once, when it can be read', async () => {
    const clock = new FakeClock();
    const host = new TestHost(clock);
    const seen: string[] = [];
    let made = 0;
    const containers: Containers = new Containers({
      host,
      clock,
      newId: () => String(made++).repeat(64),
      onEvent: (type, id) => {
        const [container] = containers.listContainers({ id });
        const [sandbox] = containers.listSandboxes({ id });
        seen.push(`${type} ${container?.state ?? sandbox?.state ?? 'gone'}`);
      },
    });
    const sandboxId = await containers.runPodSandbox(sandboxConfig('web'));
    const id = await containers.createContainer(sandboxId, containerConfig('a'));
    await containers.startContainer(id);
    await containers.stopContainer(id, 1);
    await containers.removePodSandbox(sandboxId);
    expect(seen).toEqual([
      'CONTAINER_CREATED_EVENT SANDBOX_READY',
      'CONTAINER_STARTED_EVENT SANDBOX_READY',
      'CONTAINER_CREATED_EVENT CONTAINER_CREATED',
      'CONTAINER_STARTED_EVENT CONTAINER_RUNNING',
      'CONTAINER_STOPPED_EVENT CONTAINER_EXITED',
      'CONTAINER_STOPPED_EVENT SANDBOX_NOTREADY',
      'CONTAINER_DELETED_EVENT gone',
      'CONTAINER_DELETED_EVENT gone',
    ]);
  });

  it('needs nobody to listen', async () => {
    const clock = new FakeClock();
    const containers = new Containers({
      host: new TestHost(clock),
      clock,
      newId: () => 'a'.repeat(64),
    });
    await containers.runPodSandbox(sandboxConfig('web'));
  });

  it('hands out what does not change', async () => {
    const { containers, running } = newWorld();
    const { sandboxId, id } = await running();
    const [before, listed] = [containers.container(id), containers.listContainers()[0]];
    const sandbox = containers.sandbox(sandboxId);
    await containers.stopPodSandbox(sandboxId);
    expect(before.state).toBe('CONTAINER_RUNNING');
    expect(listed?.state).toBe('CONTAINER_RUNNING');
    expect(sandbox.state).toBe('SANDBOX_READY');
  });
});

describe('Containers, what is kept', () => {
  /** Changes what it can: a copy changes, and a frozen object does not. */
  function spoil(value: unknown): void {
    if (typeof value !== 'object' || value === null) return;
    for (const key of Object.keys(value)) {
      spoil(Reflect.get(value, key));
      Reflect.set(value, key, 'spoilt');
    }
  }

  it('does not change with what was given, nor with what was handed out', async () => {
    const { host, containers } = newWorld();
    const config = sandboxConfig('web', { labels: { app: 'web' } });
    const wanted = structuredClone(config);
    host.ips = ['10.0.0.2'];
    const open = host.hold();
    const made = containers.runPodSandbox(config);
    spoil(config);
    open();
    const sandboxId = await made;
    spoil(host.ips);
    const mine = containerConfig('main', { labels: { a: '1' }, command: ['sh'] });
    const wantedOfMine = structuredClone(mine);
    const id = await containers.createContainer(sandboxId, mine);
    spoil(mine);
    for (let i = 0; i < 2; i++) {
      const [sandbox] = containers.listSandboxes();
      const [container] = containers.listContainers();
      expect(sandbox).toMatchObject({ config: wanted, ips: ['10.0.0.2'], state: 'SANDBOX_READY' });
      expect(container).toMatchObject({
        config: wantedOfMine,
        state: 'CONTAINER_CREATED',
        user: { uid: 0, supplementalGroups: [0] },
      });
      for (const one of [sandbox, container]) spoil(one);
      for (const one of [containers.sandbox(sandboxId), containers.container(id)]) spoil(one);
    }
    await containers.removePodSandbox(sandboxId);
    await containers.runPodSandbox(wanted);
  });
});

describe('Containers, finding them', () => {
  async function newNode() {
    const world = newWorld('abcdef0123456789');
    const { containers } = world;
    const web = await containers.runPodSandbox(
      sandboxConfig('web', { labels: { app: 'web', tier: 'front' } }),
    );
    const db = await containers.runPodSandbox(sandboxConfig('db', { labels: { app: 'db' } }));
    const one = await containers.createContainer(
      web,
      containerConfig('one', { labels: { a: '1', b: '2' } }),
    );
    const two = await containers.createContainer(
      db,
      containerConfig('two', { labels: { a: '1' } }),
    );
    await containers.startContainer(two);
    await containers.stopPodSandbox(web);
    return { ...world, web, db, one, two };
  }
  const first = (all: readonly { readonly id: string }[]) => all.map(({ id }) => id[0]).join('');

  it('lists all in the order they were made', async () => {
    const { containers } = await newNode();
    expect(first(containers.listSandboxes())).toBe('ab');
    expect(first(containers.listContainers())).toBe('cd');
    expect(first(containers.listContainers({}))).toBe('cd');
  });

  const filters: [name: string, filter: object, found: string][] = [
    ['a state', { state: { state: 'CONTAINER_RUNNING' } }, 'd'],
    ['the state of value zero', { state: { state: 'CONTAINER_CREATED' } }, 'c'],
    ['a sandbox', { podSandboxId: 'b'.repeat(64) }, 'd'],
    ['the beginning of a sandbox', { podSandboxId: 'aa' }, 'c'],
    ['the beginning of an id', { id: 'cc' }, 'c'],
    ['an id that there is not', { id: 'x' }, ''],
    ['empty ids', { id: '', podSandboxId: '' }, 'cd'],
    ['a label', { labelSelector: { a: '1' } }, 'cd'],
    ['two labels', { labelSelector: { a: '1', b: '2' } }, 'c'],
    ['a label of another value', { labelSelector: { a: '2' } }, ''],
    ['no labels', { labelSelector: {} }, 'cd'],
    [
      'several conditions',
      { id: 'c', labelSelector: { a: '1' }, state: { state: 'CONTAINER_RUNNING' } },
      '',
    ],
  ];
  for (const [name, filter, found] of filters) {
    it(`lists containers by ${name}`, async () => {
      const { containers } = await newNode();
      expect(first(containers.listContainers(filter))).toBe(found);
    });
  }

  const sandboxFilters: [name: string, filter: object, found: string][] = [
    ['ready ones', { state: { state: 'SANDBOX_READY' } }, 'b'],
    ['those that are not', { state: { state: 'SANDBOX_NOTREADY' } }, 'a'],
    ['the beginning of an id', { id: 'b' }, 'b'],
    ['an empty id', { id: '' }, 'ab'],
    ['labels', { labelSelector: { app: 'web', tier: 'front' } }, 'a'],
    ['a label that one lacks', { labelSelector: { tier: 'front' } }, 'a'],
  ];
  for (const [name, filter, found] of sandboxFilters) {
    it(`lists sandboxes by ${name}`, async () => {
      const { containers } = await newNode();
      expect(first(containers.listSandboxes(filter))).toBe(found);
    });
  }

  it('takes the beginning of an id for the id', async () => {
    const { containers, one, two, db } = await newNode();
    expect(containers.container('ccc').id).toBe(one);
    expect(containers.sandbox('b').id).toBe(db);
    await containers.stopContainer('d', 0);
    expect(containers.container(two).state).toBe('CONTAINER_EXITED');
    await containers.removeContainer('d');
    expect(containers.listContainers()).toHaveLength(1);
  });

  it('does not take the beginning of two', async () => {
    let made = 0;
    const clock = new FakeClock();
    const host = new TestHost(clock);
    const ids = ['ab', 'abc', 'abd', 'abe'];
    const containers = new Containers({ host, clock, newId: () => ids[made++] ?? '' });
    const sandboxId = await containers.runPodSandbox(sandboxConfig('web'));
    for (const name of ['x', 'y']) {
      await containers.startContainer(
        await containers.createContainer(sandboxId, containerConfig(name)),
      );
    }
    await containers.stopContainer('a', 0);
    await containers.removeContainer('ab');
    expect(containers.listContainers()).toMatchObject([
      { state: 'CONTAINER_RUNNING' },
      { state: 'CONTAINER_RUNNING' },
    ]);
    expect(() => containers.container('ab')).toThrow({ code: 'NOT_FOUND' });
    expect(containers.sandbox('ab').id).toBe('ab');
    expect(containers.container('abd').id).toBe('abd');
  });
});

describe('Containers, whatever is asked', () => {
  property(
    'never goes back, and kills only what runs',
    fc.array(
      fc.tuple(
        fc.constantFrom('create', 'start', 'stop', 'end', 'remove', 'stopSandbox'),
        fc.nat(3),
      ),
      { maxLength: 25 },
    ),
    async (steps) => {
      const { clock, host, containers } = newWorld();
      const sandboxId = await containers.runPodSandbox(sandboxConfig('web'));
      const order = ['CONTAINER_CREATED', 'CONTAINER_RUNNING', 'CONTAINER_EXITED'];
      const reached = new Map<string, number>();
      for (const [step, which] of steps) {
        const named = containers
          .listContainers()
          .find(({ config }) => config.metadata.name === String(which));
        const id = named?.id ?? 'none';
        const isRunning = named?.state === 'CONTAINER_RUNNING';
        const kills = host.kills.length;
        const tries: Record<string, () => Promise<unknown>> = {
          create: () => containers.createContainer(sandboxId, containerConfig(String(which))),
          start: () => containers.startContainer(id),
          stop: () => containers.stopContainer(id, 1),
          end: async () => host.end(id, 0),
          remove: () => containers.removeContainer(id),
          stopSandbox: () =>
            which === 0 ? containers.stopPodSandbox(sandboxId) : Promise.resolve(),
        };
        await tries[step]?.().catch(() => {});
        await clock.settle();
        if (step === 'stop' && !isRunning) expect(host.kills).toHaveLength(kills);
        for (const one of containers.listContainers()) {
          const now = order.indexOf(one.state);
          expect(now).toBeGreaterThanOrEqual(reached.get(one.id) ?? 0);
          expect(one.finishedAt !== 0n).toBe(one.state === 'CONTAINER_EXITED');
          reached.set(one.id, now);
        }
      }
      expect(clock.pendingTimers).toBe(0);
    },
  );
});
