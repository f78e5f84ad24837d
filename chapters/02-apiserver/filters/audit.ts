/**
 * Writes down who did what: an event for each request, one line of JSON. Given.
 *
 * How much of which request is `audit-policy.ts`. Never written, whatever the policy says: tokens,
 * and the bodies of what is there to hold secrets.
 */

import { type Clock, microTimestamp, type Status, statusErrorIn } from '#apimachinery';
import { isUpgrade, type Upgrade } from '../connection.ts';
import type { Answer, Context, Filter } from '../context.ts';
import type { User } from '../user.ts';
import {
  type AuditDecision,
  type AuditPolicy,
  type AuditStage,
  decideAudit,
} from './audit-policy.ts';
import { isLongRunning } from './limits.ts';

/** What auditing needs of the world. */
export interface AuditOptions {
  readonly clock: Clock;
  /** An id nobody can guess or has had before, for each request. */
  readonly newId: () => string;
  /** Takes one line, without its end. Absent: nothing is written, but answers have their id. */
  readonly write?: (line: string) => void;
  /** What to write; needed with `write`. */
  readonly policy?: AuditPolicy;
}

/** `audit.k8s.io/v1` `Event`. */
export interface AuditEvent {
  readonly kind: 'Event';
  readonly apiVersion: 'audit.k8s.io/v1';
  readonly level: string;
  readonly auditID: string;
  stage: AuditStage;
  readonly requestURI: string;
  readonly verb: string;
  readonly user: AuditUser;
  impersonatedUser?: AuditUser;
  readonly sourceIPs: readonly string[];
  readonly userAgent?: string;
  objectRef?: Readonly<Record<string, string>>;
  responseStatus?: Partial<Status>;
  requestObject?: unknown;
  responseObject?: unknown;
  readonly requestReceivedTimestamp: string;
  stageTimestamp: string;
  annotations?: Readonly<Record<string, string>>;
}

interface AuditUser {
  readonly username: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

const MAX_USER_AGENT = 1024;

/** Resources whose bodies are secrets, or hold some. */
const SECRET_BODIES = new Set([
  'secrets',
  'configmaps',
  'serviceaccounts/token',
  'tokenreviews.authentication.k8s.io',
]);

/**
 * Gives every answer its `Audit-Id`, and writes what the policy asks for.
 *
 * @remarks A request's own `Audit-Id` is kept, so that one id follows it through several servers.
 * An error that a later filter or the handler throws is written with its code, and goes on.
 *
 * What later filters put into `context.audit` is written as well: `object` and `response` are
 * bodies (at the levels that have bodies), `impersonatedUser` is a `User`, and every name with a
 * slash in it (`authorization.k8s.io/decision`) is an annotation.
 *
 * @see k8s.io/apiserver/pkg/endpoints/filters/audit.go (1.33)
 */
export function newAudit(options: AuditOptions): Filter {
  const { clock, newId, write, policy } = options;
  return async (context, next) => {
    const id = context.incoming.headers.get('audit-id') || newId();
    if (write === undefined || policy === undefined) return withId(await next(), id);
    const decision = decideAudit(policy, context);
    if (decision.level === 'None') return withId(await next(), id);
    const log = new RequestLog(context, { id, decision, clock, write });
    log.write('RequestReceived');
    try {
      return withId(log.answered(await next()), id);
    } catch (error) {
      log.failed(error);
      throw error;
    }
  };
}

/** @returns the answer with the header; an upgrade's other headers are the other end's to choose */
function withId(answer: Answer | Upgrade, id: string): Answer | Upgrade {
  if (isUpgrade(answer)) return answer;
  return {
    status: answer.status,
    headers: { 'Audit-Id': id, ...answer.headers },
    body: answer.body,
  };
}

interface RequestLogOptions {
  readonly id: string;
  readonly decision: AuditDecision;
  readonly clock: Clock;
  readonly write: (line: string) => void;
}

/** The events of one request. */
class RequestLog {
  readonly #context: Context;
  readonly #options: RequestLogOptions;
  readonly #event: AuditEvent;

  constructor(context: Context, options: RequestLogOptions) {
    this.#context = context;
    this.#options = options;
    this.#event = newEvent(context, options);
  }

  write(stage: AuditStage): void {
    const { decision, clock, write } = this.#options;
    if (decision.omitStages.includes(stage)) return;
    const event = this.#event;
    event.stage = stage;
    if (stage !== 'RequestReceived') {
      event.stageTimestamp = microTimestamp(clock.now());
      this.#addFindings();
    }
    write(JSON.stringify(event));
  }

  /** @returns the answer, watched to its end where it has a long way to go */
  answered(answer: Answer | Upgrade): Answer | Upgrade {
    this.#event.responseStatus = { metadata: {}, code: isUpgrade(answer) ? 101 : answer.status };
    const isStream = !isUpgrade(answer) && answer.body instanceof ReadableStream;
    if (isLongRunning(this.#context.info)) this.write('ResponseStarted');
    if (isUpgrade(answer)) return this.#untilClosed(answer);
    if (isStream) return { ...answer, body: this.#untilRead(answer.body) };
    this.write('ResponseComplete');
    return answer;
  }

  failed(error: unknown): void {
    const known = statusErrorIn(error)?.toStatus();
    this.#event.responseStatus = known ?? { code: 500, status: 'Failure', reason: 'InternalError' };
    this.write(known === undefined ? 'Panic' : 'ResponseComplete');
  }

  #untilClosed(upgrade: Upgrade): Upgrade {
    return {
      protocol: upgrade.protocol,
      headers: upgrade.headers,
      accept: (connection) =>
        upgrade.accept(connection).finally(() => this.write('ResponseComplete')),
    };
  }

  #untilRead(body: Answer['body']): Answer['body'] {
    if (!(body instanceof ReadableStream)) return body;
    const reader = body.getReader();
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          try {
            const { done, value } = await reader.read();
            if (!done) {
              controller.enqueue(value);
              return;
            }
            controller.close();
          } catch (error) {
            controller.error(error);
          }
          this.write('ResponseComplete');
        },
        cancel: async (reason) => {
          this.write('ResponseComplete');
          await reader.cancel(reason);
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** What was found out on the way: by authorization, admission, the handler. */
  #addFindings(): void {
    const { audit } = this.#context;
    const event = this.#event;
    const impersonated = audit.get('impersonatedUser') as User | undefined;
    if (impersonated !== undefined) event.impersonatedUser = userOf(impersonated);
    const annotations = [...audit].filter(([name]) => name.includes('/'));
    if (annotations.length > 0) {
      event.annotations = Object.fromEntries(
        annotations.map(([name, value]) => [name, String(value)]),
      );
    }
    const { level } = this.#options.decision;
    if (level === 'Metadata' || holdsSecrets(this.#context)) return;
    event.requestObject = audit.get('object');
    if (level === 'RequestResponse') event.responseObject = audit.get('response');
  }
}

function newEvent(context: Context, { id, decision, clock }: RequestLogOptions): AuditEvent {
  const { info, user, incoming, connection } = context;
  const now = microTimestamp(clock.now());
  const userAgent = incoming.headers.get('user-agent');
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: decision.level,
    auditID: id,
    stage: 'RequestReceived',
    requestURI: connection.rawTarget,
    verb: info.verb,
    user: userOf(user),
    sourceIPs: sourcesOf(context),
    ...(userAgent !== null && { userAgent: shortened(userAgent) }),
    ...(info.isResourceRequest && { objectRef: referenceOf(context) }),
    requestReceivedTimestamp: now,
    stageTimestamp: now,
  };
}

function userOf({ username, uid, groups, extra }: User): AuditUser {
  return {
    username,
    ...(uid !== undefined && { uid }),
    groups,
    ...(extra !== undefined && { extra }),
  };
}

function referenceOf({ info }: Context): Record<string, string> {
  const fields = {
    resource: info.resource,
    namespace: info.namespace,
    name: info.name,
    apiGroup: info.apiGroup,
    apiVersion: info.apiVersion,
    subresource: info.subresource,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
}

/** Those it says it went through, then the one it really came from. */
function sourcesOf({ incoming, connection }: Context): readonly string[] {
  const forwarded = (incoming.headers.get('x-forwarded-for') ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => /^[\da-fA-F.:]+$/.test(one));
  const real = incoming.headers.get('x-real-ip');
  if (real !== null && /^[\da-fA-F.:]+$/.test(real) && !forwarded.includes(real)) {
    forwarded.push(real);
  }
  if (forwarded.at(-1) !== connection.remoteAddress) forwarded.push(connection.remoteAddress);
  return forwarded;
}

function shortened(userAgent: string): string {
  if (userAgent.length <= MAX_USER_AGENT) return userAgent;
  return `${userAgent.slice(0, MAX_USER_AGENT)}...TRUNCATED`;
}

function holdsSecrets({ info }: Context): boolean {
  const sub = info.subresource === '' ? '' : `/${info.subresource}`;
  const group = info.apiGroup === '' ? '' : `.${info.apiGroup}`;
  return SECRET_BODIES.has(info.resource) || SECRET_BODIES.has(`${info.resource}${group}${sub}`);
}
