/** The databases of the catalogue: what is written is kept, copied, and found again. On the fake clock. */

import { afterEach, describe, expect, it } from 'vitest';
import { newTestNode } from './test-node.ts';

let node: Awaited<ReturnType<typeof newTestNode>> | undefined;
afterEach(() => node?.runtime.stop());

async function newNode() {
  node = await newTestNode();
  return node;
}

describe('redis', () => {
  it('keeps strings and lists', async () => {
    const { run, sh, clock } = await newNode();
    const server = await run('redis');
    await clock.advance(100);
    const script = [
      ...['redis-cli ping', 'redis-cli set a "one two"', 'redis-cli get a', 'redis-cli get none'],
      ...['redis-cli incr n', 'redis-cli rpush l x y', 'redis-cli lrange l 0 -1', 'redis-cli nope'],
    ];
    expect(await sh(server, script.join('; '))).toBe(
      "1|PONG\nOK\none two\n\n1\n2\nx\ny\nERR unknown command 'nope', with args beginning with: \n|",
    );
  });

  it('sends what is written to its followers, who are written to by nobody else', async () => {
    const { run, sh, clock } = await newNode();
    const leader = await run('redis');
    await clock.advance(100);
    expect(await sh(leader, 'redis-cli set early 1')).toBe('0|OK\n|');
    const command = ['redis-server', '--port', '6380', '--replicaof', '127.0.0.1', '6379'];
    await run('redis', { command });
    await clock.advance(2000);
    expect(await sh(leader, 'redis-cli set late 2')).toBe('0|OK\n|');
    expect(
      await sh(leader, 'redis-cli -p 6380 mget early late; redis-cli -p 6380 set mine 3'),
    ).toBe("1|1\n2\nREADONLY You can't write against a read only replica.\n|");
    expect(await sh(leader, 'redis-cli -p 6380 info')).toContain('master_link_status:up');
  });

  it('finds again what it has saved when it was stopped', async () => {
    const { run, sh, clock, runtime, files } = await newNode();
    files.makeDirectory('/volume');
    const mounts = [{ hostPath: '/volume', containerPath: '/data' }];
    const first = await run('redis', { mounts });
    await clock.advance(100);
    await sh(first, 'redis-cli set a kept');
    const stopping = runtime.stopContainer({ containerId: first, timeout: 5 });
    await clock.advance(6000);
    await stopping;
    const second = await run('redis', { mounts });
    await clock.advance(100);
    expect(await sh(second, 'redis-cli get a')).toBe('0|kept\n|');
  });
});

describe('mysql', () => {
  it('does not begin without a password', async () => {
    const { run, status, clock } = await newNode();
    const server = await run('mysql');
    await clock.advance(1000);
    expect((await status(server))?.exitCode).toBe(1);
  });

  it('says that it is there, and that it knows no SQL', async () => {
    const { run, sh, clock } = await newNode();
    const server = await run('mysql', { envs: [{ key: 'MYSQL_ROOT_PASSWORD', value: 'p' }] });
    await clock.advance(1000);
    expect(await sh(server, 'mysqladmin ping')).toBe('0|mysqld is alive\n|');
    expect(await sh(server, "mysql -pp -e 'select 1'")).toBe('0|1\n1\n|');
    expect(await sh(server, "mysql -pp -e 'show tables'")).toBe(
      '1||ERROR 1235 (42000): this simulated server knows no SQL\n',
    );
    expect(await sh(server, 'mysqladmin -h 127.0.0.1 -P 1 ping')).toContain(
      "Can't connect to MySQL server on '127.0.0.1:1' (111)",
    );
  });
});
