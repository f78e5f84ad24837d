/**
 * Serves the page on this computer: itself, the stream of what happens, and what it asks for. Given.
 *
 * It costs a port until somebody looks (`audience.ts`). Who may ask is in `answers.ts`.
 */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Netfilter } from '#kube-proxy';
import type { DecisionTrace } from '#scheduler';
import { decisionView } from '../decision-view.ts';
import type { FeedOptions } from '../feed.ts';
import { RuleCopies } from '../rule-copies.ts';
import { serviceRules } from '../service-rules.ts';
import { walk } from '../walk.ts';
import { answer, answerJson, checkAsker, Refusal } from './answers.ts';
import { Audience } from './audience.ts';
import { ICON, PAGE_HTML } from './page-html.ts';
import { STYLESHEET } from './stylesheet.ts';

/** A node's rules, as they are now. */
export interface NodeRulesNow {
  readonly ip: string;
  readonly netfilter: Netfilter;
}

/** What the page shows. */
export interface PageSources extends FeedOptions {
  readonly rules: (node: string) => NodeRulesNow | undefined;
  /** What the scheduler thought of a pod last; `undefined` when it does not remember. */
  readonly decision: (namespace: string, name: string) => Promise<DecisionTrace | undefined>;
  /** Frees what they hold. */
  readonly close?: () => void;
}

/** Where and what. */
export interface PageServerOptions extends PageSources {
  /** 0: any. */
  readonly port: number;
  /** The page's program: one JavaScript file. */
  readonly script: string;
}

/** What addresses are relative to. */
const HERE = 'http://127.0.0.1';
const DECISION = /^\/decision\/([^/]+)\/([^/]+)$/;

/** A server that listens. */
export class PageServer {
  readonly #options: PageServerOptions;
  readonly #audience: Audience;
  readonly #copies = new RuleCopies();
  readonly #server: Server;

  constructor(options: PageServerOptions) {
    this.#options = options;
    this.#audience = new Audience(options);
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => this.#fail(response, error));
    });
  }

  /** @returns where the page is; rejects when the port is taken */
  async listen(): Promise<string> {
    this.#server.listen(this.#options.port, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${this.#port}/`;
  }

  async close(): Promise<void> {
    this.#audience.close();
    this.#options.close?.();
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  get #port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    checkAsker(request, this.#port);
    const { url = '/' } = request;
    if (!URL.canParse(url, HERE)) throw new Refusal(400, 'this is no address');
    const { pathname, searchParams } = new URL(url, HERE);
    switch (pathname) {
      case '/':
        return answer(response, 'html', PAGE_HTML);
      case '/page.css':
        return answer(response, 'css', STYLESHEET);
      case '/page.js':
        return answer(response, 'js', readFileSync(this.#options.script, 'utf8'));
      case '/icon.svg':
        return answer(response, 'svg', ICON);
      case '/stream':
        return this.#audience.add(response);
      case '/walk':
        return answerJson(response, this.#walk(searchParams));
      case '/rules.txt':
        return answer(response, 'text', this.#rulesText(searchParams));
      case '/rules':
        return answerJson(response, this.#rules(searchParams));
      default:
        return answerJson(response, await this.#decision(pathname));
    }
  }

  #fail(response: ServerResponse, error: unknown): void {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (error instanceof Refusal) {
      answer(response, 'text', `${error.message}\n`, error.code);
      return;
    }
    this.#options.log.warn('page: could not answer', { error });
    answer(response, 'text', 'this went wrong; the cluster says more with -v 2\n', 500);
  }

  async #decision(path: string) {
    const [, namespace, name] = DECISION.exec(path) ?? [];
    if (namespace === undefined || name === undefined)
      throw new Refusal(404, 'there is no such page');
    const trace = await this.#options.decision(namespace, name);
    if (trace === undefined) {
      throw new Refusal(404, `the scheduler does not remember the pod ${namespace}/${name}`);
    }
    return decisionView(trace);
  }

  /** All rules of a node, as `npm run trace` reads them. */
  #rulesText(query: URLSearchParams): string {
    return this.#rulesOf(query.get('node') ?? '').netfilter.save();
  }

  #rules(query: URLSearchParams) {
    const { netfilter } = this.#rulesOf(query.get('node') ?? '');
    return serviceRules(netfilter, query.get('service') ?? '');
  }

  #walk(query: URLSearchParams) {
    const node = query.get('node') ?? '';
    const { ip, netfilter } = this.#rulesOf(node);
    const [from, to] = [query.get('from') ?? '', query.get('to') ?? ''];
    const protocol = oneOf(query.get('protocol') ?? 'TCP', ['TCP', 'UDP', 'SCTP']);
    const usual = from.split(':')[0] === ip ? 'local' : 'pod';
    const via = oneOf(query.get('via') ?? usual, ['pod', 'local', 'outside']);
    if (!/:\d+$/.test(to)) throw new Refusal(400, 'to: an address with a port, as 10.96.0.10:53');
    try {
      return walk(this.#copies.of(node, ip, netfilter), { from, to, protocol, via });
    } catch (error) {
      if (error instanceof RangeError) throw new Refusal(400, error.message);
      throw error;
    }
  }

  #rulesOf(node: string): NodeRulesNow {
    const rules = this.#options.rules(node);
    if (rules === undefined) throw new Refusal(404, `there is no node ${node}`);
    return rules;
  }
}

/** @throws Refusal when it is none of them */
function oneOf<T extends string>(text: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === text);
  if (found === undefined) throw new Refusal(400, `expected one of ${choices.join(', ')}`);
  return found;
}
