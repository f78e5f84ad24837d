/**
 * The `kube-apiserver` program behind its flags (`../main.ts`): the one place where real time, files,
 * ports and signals come together. What files the flags name is read in `program-files.ts`.
 */

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import {
  type Clock,
  consoleLogger,
  type Logger,
  type LogLevel,
  type Random,
  RealClock,
  realRandom,
} from '#apimachinery';
import { failureOf, sayStopped, whenOrphaned } from '#apimachinery/program';
import type { Handler } from '../connection.ts';
import type { AuditOptions } from '../filters/audit.ts';
import { METADATA_POLICY } from '../filters/audit-policy.ts';
import type { ApiServerOptions, ServiceAccountOptions } from '../server-options.ts';
import { connectEtcd, type OpenedEtcd, openEmbeddedEtcd } from '../storage/open-etcd.ts';
import { newStore } from '../storage/open-storage.ts';
import { type AuditFile, openAuditFile } from './audit-file.ts';
import { newCelCompiler } from './cel.ts';
import { newDescriptions } from './descriptions.ts';
import { throughEgressProxy } from './egress-proxy.ts';
import { type Flags, NAME } from './flags.ts';
import { HttpServer, type RequestHandler } from './http-server.ts';
import { KubeletDialer, newAddressDialer } from './node-dialer.ts';
import { advertisedAddress, type Files, readFiles } from './program-files.ts';
import {
  jwks,
  newSignatureVerifier,
  newSigner,
  openidConfiguration,
} from './service-account-keys.ts';
import { newTextParsers } from './text-parsers.ts';
import { newWebhookCaller } from './webhook-caller.ts';

/** Who makes service accounts' tokens, if nobody says otherwise. */
const DEFAULT_ISSUER = 'https://kubernetes.default.svc.cluster.local';
/** The insecure port is for this computer only, whatever other flags say. */
const INSECURE_HOST = '127.0.0.1';

/** An API server as the program sees it. */
export interface RunningApiServer extends RequestHandler {
  /** For callers in this process. */
  readonly handler: Handler;
  /** Makes it ready to serve; rejects when that cannot be. */
  start(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

/** Makes an API server from its parts: `server.ts`. */
export type NewApiServer = (options: ApiServerOptions) => RunningApiServer;

/** How a server reaches others, where real connections are not the way: in a cluster in one process. */
export type OtherWays = Partial<Pick<ApiServerOptions, 'newNodeDialer' | 'addresses'>>;

/** An API server that serves. */
export interface OpenApiServer {
  /** For clients in this process. */
  readonly handler: Handler;
  /** The store behind it, for those who only look. */
  readonly etcd: OpenedEtcd['client'];
  /** Resolves when nothing of it is left. */
  stop(): Promise<void>;
}

/** Runs an API server until it is told to stop. */
export async function runProgram(flags: Flags, newApiServer: NewApiServer): Promise<void> {
  const beginning = new AbortController();
  const opening = openApiServer(flags, newApiServer, beginning.signal);
  whenToldToStop(async () => {
    beginning.abort();
    const server = await opening;
    await server?.stop();
  });
  if (await opening) process.stdout.write('ready\n');
}

/**
 * Opens an API server with everything around it.
 *
 * @returns `undefined` when the signal aborted before it served
 */
export async function openApiServer(
  flags: Flags,
  newApiServer: NewApiServer,
  beginning: AbortSignal,
  others: OtherWays = {},
): Promise<OpenApiServer | undefined> {
  const world = newWorld(flags);
  const { log } = world;
  const advertiseAddress = flags.advertiseAddress ?? advertisedAddress(flags.bindAddress);
  const files = await readFiles(flags, advertiseAddress);
  const etcd = await openEtcd(flags, files, world);
  const auditFile = flags.auditLogPath ? await openAuditFile(flags.auditLogPath, log) : undefined;
  const dialers: KubeletDialer[] = [];
  const cel = newCelCompiler();
  const server = newApiServer({
    ...world,
    store: newStore(etcd.client, world.clock),
    parsers: newTextParsers(),
    descriptions: newDescriptions(),
    documents: issuerDocuments(flags, files),
    webhookClient: newWebhookCaller(),
    cel,
    conditions: cel,
    serviceClusterIpRange: flags.serviceClusterIpRange,
    serviceNodePortRange: flags.serviceNodePortRange,
    advertiseAddress,
    securePort: flags.securePort,
    tokens: files.tokens,
    bootstrapTokens: flags.enableBootstrapTokenAuth,
    anonymous: flags.anonymousAuth,
    authorizationModes: flags.authorizationMode,
    serviceAccounts: serviceAccountsOf(flags, files),
    limits: {
      maxRequestsInFlight: flags.maxRequestsInflight,
      maxMutatingRequestsInFlight: flags.maxMutatingRequestsInflight,
      requestTimeoutMs: flags.requestTimeout,
    },
    eventTtlSeconds: flags.eventTtl / 1000,
    audit: auditOf(world.clock, auditFile),
    newNodeDialer: (getNode) => {
      const dialer = new KubeletDialer(files.kubelets, getNode);
      dialers.push(dialer);
      return dialer;
    },
    addresses: newAddressDialer(
      flags.egressProxy === undefined ? undefined : throughEgressProxy(flags.egressProxy),
    ),
    ...others,
  });
  const http = new HttpServer({ handler: server, log });
  const stop = async (): Promise<void> => {
    await http.stop();
    await server.stop();
    for (const dialer of dialers) dialer.stop();
    await etcd.stop();
    await auditFile?.close();
  };
  await server.start(beginning).catch((error) => {
    // Told to stop meanwhile, it stops; that is no failure.
    if (!beginning.aborted) throw error;
  });
  if (beginning.aborted) {
    await stop();
    return undefined;
  }
  await listen(http, flags, files);
  return { handler: server.handler, etcd: etcd.client, stop };
}

interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

function newWorld({ v }: Flags): World {
  const clock = new RealClock();
  return { clock, random: realRandom(), log: consoleLogger({ clock, level: levelOf(v) }) };
}

function levelOf(verbosity: number): LogLevel {
  if (verbosity >= 4) return 'debug';
  return verbosity >= 2 ? 'info' : 'warn';
}

async function openEtcd(flags: Flags, { etcdTls }: Files, world: World): Promise<OpenedEtcd> {
  const { dataDir, etcdServers } = flags;
  if (etcdServers === undefined) return openEmbeddedEtcd(join(dataDir ?? '', 'etcd'), world);
  return connectEtcd({ endpoints: etcdServers, ...(etcdTls && { tls: etcdTls }) });
}

function serviceAccountsOf(flags: Flags, { serviceAccountKeys }: Files): ServiceAccountOptions {
  const issuers = flags.serviceAccountIssuer ?? [DEFAULT_ISSUER];
  return {
    issuers,
    apiAudiences: flags.apiAudiences ?? issuers.slice(0, 1),
    signer: newSigner(serviceAccountKeys.signing),
    verifier: newSignatureVerifier(serviceAccountKeys.verifying),
  };
}

/** What others check tokens with. */
function issuerDocuments(flags: Flags, { serviceAccountKeys }: Files) {
  const [issuer = DEFAULT_ISSUER] = flags.serviceAccountIssuer ?? [];
  const { verifying } = serviceAccountKeys;
  return new Map<string, () => object>([
    ['/openid/v1/jwks', () => jwks(verifying)],
    [
      '/.well-known/openid-configuration',
      () => openidConfiguration(issuer, `${issuer}/openid/v1/jwks`, verifying),
    ],
  ]);
}

function auditOf(clock: Clock, file: AuditFile | undefined): AuditOptions {
  if (file === undefined) return { clock, newId: randomUUID };
  return { clock, newId: randomUUID, write: (line) => file.write(line), policy: METADATA_POLICY };
}

async function listen(http: HttpServer, flags: Flags, { serving }: Files): Promise<void> {
  const { bindAddress, securePort, insecurePort } = flags;
  if (serving !== undefined) {
    await http.listenSecure(bindAddress, securePort, serving);
    process.stdout.write(`listening on https://${hostText(bindAddress)}:${securePort}\n`);
  }
  if (insecurePort === 0) return;
  await http.listen(INSECURE_HOST, insecurePort, { trusted: true });
  process.stdout.write(`listening on http://${INSECURE_HOST}:${insecurePort}\n`);
  process.stderr.write(
    `kube-apiserver: http://${INSECURE_HOST}:${insecurePort} is insecure: everybody on this computer may do everything there\n`,
  );
}

function hostText(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** Calls `stop` once: on a signal, or when the process that started this one is gone. */
function whenToldToStop(stop: () => Promise<void>): void {
  let isStopping = false;
  const stopOnce = () => {
    if (isStopping) return;
    isStopping = true;
    stop().then(sayStopped, failureOf(NAME));
  };
  process.on('SIGTERM', stopOnce);
  process.on('SIGINT', stopOnce);
  whenOrphaned(stopOnce);
}
