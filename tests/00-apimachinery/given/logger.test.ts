import { describe, expect, it } from 'vitest';
import { consoleLogger, FakeClock, type LogLevel, silentLogger } from '#apimachinery';

function loggerWith(level?: LogLevel) {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  return { lines, log: consoleLogger({ clock: new FakeClock(), level, write }) };
}

describe('consoleLogger', () => {
  it('writes time, level, message and fields', () => {
    const { lines, log } = loggerWith();
    log.info('started', { port: 6443 });
    expect(lines).toEqual(['2025-01-01T00:00:00.000Z INFO started port=6443']);
  });

  it('writes its level and everything worse', () => {
    const { lines, log } = loggerWith('warn');
    log.debug('a');
    log.info('b');
    log.warn('c');
    log.error('d');
    expect(lines.map((line) => line.split(' ').slice(1).join(' '))).toEqual(['WARN c', 'ERROR d']);
  });

  it('adds the fields it was made with; nearer ones win', () => {
    const { lines, log } = loggerWith();
    log.with({ node: 'n1', try: 1 }).with({ pod: 'default/web' }).info('sync', { try: 2 });
    expect(lines[0]).toMatch(/ INFO sync node=n1 try=2 pod=default\/web$/);
  });

  it('quotes what would be misread', () => {
    const { lines, log } = loggerWith();
    log.info('x', { a: 'two words', b: 'q"q', c: 'k=v', d: '', e: undefined });
    expect(lines[0]).toContain(' a="two words" b="q\\"q" c="k=v"');
  });

  it('never throws, whatever the fields hold', () => {
    const { lines, log } = loggerWith();
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    log.error('x', { circle, big: 5n, error: new Error('broken'), nothing: null });
    expect(lines[0]).toContain(' big=5');
    expect(lines[0]).toContain('broken');
    expect(lines[0]).not.toContain('\n');
  });
});

describe('silentLogger', () => {
  it('says nothing, with fields too', () => {
    const log = silentLogger.with({ a: 1 });
    expect(log).toBe(silentLogger);
    for (const level of ['debug', 'info', 'warn', 'error'] as const) {
      expect(log[level]('x', { b: 2 })).toBeUndefined();
    }
  });
});
