/** What an API server is made from: what the world gives it, and what its flags say. Given. */

import type { Clock, Logger, Node, Random } from '#apimachinery';
import type { SignatureVerifier, Signer } from './authentication/jwt.ts';
import type { StaticToken } from './authentication/token-file.ts';
import type { TextParsers } from './codec/text-parsers.ts';
import type { CelCompiler, ConditionCompiler } from './custom-resources/cel-compiler.ts';
import type { AuditOptions } from './filters/audit.ts';
import type { Limits } from './filters/limits.ts';
import type { Descriptions } from './openapi/descriptions.ts';
import type { AddressDialer, NodeDialer } from './proxy/backend.ts';
import type { PortRange } from './service-addresses/node-ports.ts';
import type { Store } from './storage/open-storage.ts';
import type { WebhookClient } from './webhooks/webhook-client.ts';

/** All that an API server needs to know, and what the world gives it. */
export interface ApiServerOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly store: Store;
  readonly parsers: TextParsers;
  /** What OpenAPI says of types and fields. */
  readonly descriptions: Descriptions;
  readonly serviceClusterIpRange: string;
  readonly serviceNodePortRange: PortRange;
  /** Where others reach it: for the Service `kubernetes` and its endpoints. */
  readonly advertiseAddress: string;
  /** 0 when there is none. */
  readonly securePort: number;
  readonly tokens: readonly StaticToken[];
  /** Are Secrets with tokens of machines that join believed? Absent: no. */
  readonly bootstrapTokens?: boolean;
  readonly anonymous: boolean;
  readonly authorizationModes: readonly string[];
  /**
   * What `start` makes: all that every cluster has, or for a quick start nothing but the namespaces.
   * Absent: all.
   */
  readonly systemObjects?: 'all' | 'namespaces';
  readonly serviceAccounts: ServiceAccountOptions;
  /** JSON documents by path: `/openid/v1/jwks`. */
  readonly documents: ReadonlyMap<string, () => object>;
  readonly limits: Limits;
  readonly eventTtlSeconds: number;
  readonly audit: AuditOptions;
  /** @param getNode - rejects with StatusError 404 when there is no such node */
  readonly newNodeDialer: (getNode: (name: string) => Promise<Node>) => NodeDialer;
  readonly addresses: AddressDialer;
  readonly webhookClient: WebhookClient;
  /** For rules in CustomResourceDefinitions; absent: definitions that have some are refused. */
  readonly cel?: CelCompiler;
  /** For `matchConditions` of webhooks; absent: a webhook that has some refuses what it is about. */
  readonly conditions?: ConditionCompiler;
}

export interface ServiceAccountOptions {
  /** The first one makes tokens; those of all are believed. */
  readonly issuers: readonly string[];
  readonly apiAudiences: readonly string[];
  readonly signer: Signer;
  readonly verifier: SignatureVerifier;
}
