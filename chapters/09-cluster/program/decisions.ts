/**
 * What this cluster's scheduler thought of nodes, for `npm run explain`: served where nobody else listens,
 * and a file in the data folder says where.
 */

import { rmSync, writeFileSync } from 'node:fs';
import { serve } from '#apimachinery/program';
import type { DecisionTracer } from '#scheduler';
import { untilAborted } from '../assembly/until-aborted.ts';
import type { Part } from '../bootstrap/part.ts';
import { freePort } from './free-port.ts';

/** As a scheduler that is a process of its own answers. */
const DECISIONS = /^\/debug\/decisions\/([^/]+)\/([^/]+)$/;

/** Serves the decisions of a scheduler in this process. */
export function decisionsPart(tracer: DecisionTracer, file: string): Part {
  let isServing = false;
  return {
    name: 'decisions',
    needs: [],
    run: async (stopped) => {
      const port = await freePort();
      const serving = await serve({
        port,
        bindAddress: '127.0.0.1',
        metrics: () => '',
        more: (path) => {
          const [, namespace = '', name = ''] = DECISIONS.exec(path) ?? [];
          const trace = name && tracer.find(namespace, name);
          return trace ? JSON.stringify(trace) : undefined;
        },
      });
      const forget = tellScheduler(file, port);
      isServing = true;
      await untilAborted(stopped);
      forget();
      await serving.close();
    },
    isReady: async () => isServing,
  };
}

/** Writes where the scheduler answers. @returns what removes that again */
export function tellScheduler(file: string, port: number): () => void {
  writeFileSync(file, `http://127.0.0.1:${port}\n`);
  return () => rmSync(file, { force: true });
}
