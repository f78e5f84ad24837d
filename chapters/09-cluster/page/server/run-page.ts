/** The page as a part of the cluster: what the program starts. Given. */

import { existsSync } from 'node:fs';
import { untilAborted } from '../../assembly/until-aborted.ts';
import type { Part } from '../../bootstrap/part.ts';
import { PageServer, type PageSources } from './page-server.ts';

/** Where the page is to be, and who wants to know. */
export interface PageOptions {
  /** 0: any. */
  readonly port: number;
  /** What `npm run cluster` made of `page/browser/`: a JavaScript file. */
  readonly script: string | undefined;
  readonly say: (line: string) => void;
}

/**
 * Serves the page until it is told to stop.
 *
 * @param options - absent: no page is wanted
 * @returns one part, or none
 */
export function pageParts(options: PageOptions | undefined, sources: () => PageSources): Part[] {
  if (options === undefined) return [];
  const { port, script, say } = options;
  if (script === undefined || !existsSync(script)) {
    say('no page: its program is not there; npm run cluster makes it');
    return [];
  }
  let isServing = false;
  return [
    {
      name: 'page',
      // It is there before the cluster is, and shows how that begins.
      needs: [],
      run: async (stopped) => {
        const server = new PageServer({ ...sources(), port, script });
        say(`page ${await server.listen()}`);
        isServing = true;
        await untilAborted(stopped);
        await server.close();
      },
      isReady: async () => isServing,
    },
  ];
}
