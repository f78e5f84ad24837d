/** What commands and the shell say to each other: where to write, and that it is time to leave. Given. */

import type { ByteSink, ByteSource } from '../../kernel/pipe.ts';

/** Thrown to leave the shell, a function, or a loop. */
export class Leave extends Error {
  readonly what: 'exit' | 'return' | 'break' | 'continue';
  readonly value: number;
  constructor(what: Leave['what'], value: number) {
    super(what);
    this.what = what;
    this.value = value;
  }
}

/** Where a command reads and writes. */
export interface Streams {
  readonly stdin: ByteSource;
  readonly stdout: ByteSink;
  readonly stderr: ByteSink;
}
