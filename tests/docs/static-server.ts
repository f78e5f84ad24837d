/** Serves a folder of files on 127.0.0.1, below a base path, as a plain web server would. */

import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
};

/** A server that is running. */
export interface StaticServer {
  /** Address of the base path, with a slash at the end. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * @param folder - what to serve
 * @param base - the path below which it is served, for example `/course/`
 */
export async function serveFolder(folder: string, base: string): Promise<StaticServer> {
  const server = createServer((request, response) => {
    const file = fileFor(new URL(request.url ?? '/', 'http://127.0.0.1').pathname, folder, base);
    if (file === undefined) {
      response.writeHead(404).end('not found');
      return;
    }
    response.setHeader('content-type', CONTENT_TYPES[extname(file)] ?? 'application/octet-stream');
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${base}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function fileFor(path: string, folder: string, base: string): string | undefined {
  if (!path.startsWith(base)) return undefined;
  const file = join(folder, normalize(`/${decodeURIComponent(path.slice(base.length))}`));
  const page = existsSync(file) && statSync(file).isDirectory() ? join(file, 'index.html') : file;
  return existsSync(page) ? page : undefined;
}
