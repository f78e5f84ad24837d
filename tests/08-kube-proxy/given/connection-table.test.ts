import { FakeClock } from '#apimachinery';
import { describe, expect, it } from '#kit';
import { type Connection, ConnectionTable, newConnection } from '#kube-proxy';

function newTable() {
  const clock = new FakeClock();
  const table = new ConnectionTable(clock);
  /** A connection from this port that is remembered for so long. */
  const add = (sourcePort: number, ms: number): Connection => {
    const connection = newConnection(
      {
        protocol: 'udp',
        source: '10.244.1.5',
        sourcePort,
        destination: '10.96.0.10',
        destinationPort: 53,
        mark: 0,
      },
      clock.monotonic(),
    );
    connection.expiresAtMs += ms;
    table.add(connection);
    return connection;
  };
  const ports = () => table.list().map(({ original }) => original.sourcePort);
  return { clock, table, add, ports };
}

describe('ConnectionTable', () => {
  it('finds a connection by both tuples, and says which way', () => {
    const { table, add } = newTable();
    const connection = add(1, 100);
    expect(table.find(connection.original)).toEqual({ connection, direction: 'original' });
    expect(table.find(connection.reply)).toEqual({ connection, direction: 'reply' });
    table.delete(connection);
    expect(table.find(connection.original)).toBeUndefined();
    expect(table.find(connection.reply)).toBeUndefined();
  });

  it('lists what has not expired in the order in which it was added', () => {
    const { clock, add, ports } = newTable();
    for (const [port, ms] of [
      [3, 300],
      [1, 100],
      [2, 200],
    ] as const) {
      add(port, ms);
    }
    expect(ports()).toEqual([3, 1, 2]);
    clock.step(99);
    expect(ports()).toEqual([3, 1, 2]);
    clock.step(1);
    expect(ports()).toEqual([3, 2]);
  });

  it('throws away what it meets that has expired', () => {
    const { clock, table, add } = newTable();
    const connection = add(1, 100);
    clock.step(100);
    expect(table.count).toBe(1);
    expect(table.find(connection.reply)).toBeUndefined();
    expect(table.count).toBe(0);
  });

  it('searches all when something is added a second after it did so last', () => {
    const { clock, table, add } = newTable();
    clock.step(5000);
    add(1, 1000);
    clock.step(999);
    add(2, 10_000);
    expect(table.count).toBe(2);
    clock.step(1);
    // Exactly a second after a search that found nothing.
    add(3, 10_000);
    expect(table.count).toBe(2);
    add(4, 0);
    clock.step(999);
    add(5, 10_000);
    expect(table.count).toBe(4);
  });
});
