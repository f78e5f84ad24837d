/** Calls webhooks over https. The interface is `../webhooks/webhook-client.ts`. */

import { request } from 'node:https';
import type { WebhookClient } from '../webhooks/webhook-client.ts';

/** A webhook that answers with more than this is not well. */
const MAX_ANSWER_BYTES = 3 * 1024 * 1024;

export function newWebhookCaller(): WebhookClient {
  return {
    call: ({ url, caBundle, serverName }, body, signal) =>
      new Promise((resolve, reject) => {
        const options = {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
          },
          signal,
          ...(caBundle && { ca: caBundle }),
          ...(serverName && { servername: serverName }),
        };
        const call = request(url, options, (answer) => {
          const pieces: Buffer[] = [];
          let size = 0;
          answer.on('data', (piece: Buffer) => {
            size += piece.length;
            if (size > MAX_ANSWER_BYTES) call.destroy(new Error('the answer is too large'));
            else pieces.push(piece);
          });
          answer.on('error', reject);
          answer.on('end', () => {
            const text = Buffer.concat(pieces).toString('utf8');
            if (answer.statusCode === 200) resolve(text);
            else reject(new Error(`the server answered with code ${answer.statusCode}`));
          });
        });
        call.on('error', reject);
        call.end(body);
      }),
  };
}
