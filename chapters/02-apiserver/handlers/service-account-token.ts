/** `serviceaccounts/token`: makes a token. Given; what is in one is in `../authentication/`. */

import type { ApiObject } from '../api-object.ts';
import { type IssueOptions, issueToken } from '../authentication/service-account-tokens.ts';
import type { Answer, Context } from '../context.ts';
import { get } from '../registry/create-get.ts';
import { admitPosted } from './admit.ts';
import { plainAnswer } from './answers.ts';
import { readPlainObject } from './bodies.ts';
import type { Endpoint } from './endpoint.ts';
import { writeOptions } from './options.ts';

/** What making tokens needs beside the request. */
export type TokenOptions = Omit<IssueOptions, 'warn'>;

const TOKEN_REQUEST = { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' };

export async function issueServiceAccountToken(
  endpoint: Endpoint,
  context: Context,
  tokens: TokenOptions,
): Promise<Answer> {
  const { info, query, warnings } = context;
  const options = writeOptions(query, 'CreateOptions');
  const sent: ApiObject = await readPlainObject(endpoint, context, TOKEN_REQUEST);
  const request = await admitPosted(endpoint, context, TOKEN_REQUEST, sent, options);
  const { object } = await get(endpoint.registry, info.name, { namespace: info.namespace });
  const warn = (text: string) => {
    warnings.push(text);
  };
  return plainAnswer(await issueToken(request, object, { ...tokens, warn }), 201);
}
