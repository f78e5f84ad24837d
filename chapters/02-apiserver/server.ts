/**
 * The API server put together from its parts. Given.
 *
 * To see what happens to a request, read `chain.ts`, then `handlers/verbs.ts`, then `registry/`. What
 * serves it over HTTP is `wire/`; a test or another component calls `handler`.
 */

import { type Node, newNotFound, StatusError } from '#apimachinery';
import { defaultPlugins } from './admission/default-plugins.ts';
import type { ApiObject } from './api-object.ts';
import {
  bearerTokens,
  clientCertificates,
  newAuthenticator,
  staticTokens,
} from './authentication/authentication.ts';
import { bootstrapTokens } from './authentication/bootstrap-tokens.ts';
import { serviceAccountTokens } from './authentication/service-account-authenticator.ts';
import { cachedTokens } from './authentication/token-cache.ts';
import type { Authorizer } from './authorization/authorizer.ts';
import { authorizerOfModes, type ModeSources, rulesOfModes } from './authorization/modes.ts';
import { type NodeGraph, nodeGraphOf } from './authorization/node-graph.ts';
import { nodeObjectsOf } from './authorization/node-objects.ts';
import { PolicyCache } from './authorization/policy-cache.ts';
import type { ClusterRole } from './authorization/policy-source.ts';
import type { RuleResolver } from './authorization/rule-resolver.ts';
import { ensureKubernetesService } from './bootstrap/kubernetes-service.ts';
import {
  aggregateRoles,
  ensureApiServices,
  ensureNamespaces,
  ensurePolicy,
  ensurePriorityClasses,
  ensureServiceCidr,
} from './bootstrap/system-objects.ts';
import { orderOf, runChain } from './chain.ts';
import { type Connection, type Handler, isUpgrade, type Upgrade } from './connection.ts';
import type { Answer, Context, Filter, Incoming } from './context.ts';
import { DefinitionController } from './custom-resources/controller.ts';
import { newDefinitionKind } from './custom-resources/definition-kind.ts';
import { newAudit } from './filters/audit.ts';
import { newAuthentication } from './filters/authentication.ts';
import { newAuthorization } from './filters/authorization.ts';
import { newImpersonation } from './filters/impersonation.ts';
import { newLimits } from './filters/limits.ts';
import { withWarnings } from './handlers/answers.ts';
import { bindingsResource, resourceOfKind } from './handlers/built-in-resources.ts';
import { componentStatusesResource } from './handlers/component-statuses.ts';
import type { Endpoint, HandlerWorld } from './handlers/endpoint.ts';
import { forReaders } from './handlers/for-readers.ts';
import { metricsResources } from './handlers/metrics-resources.ts';
import { RequestMetrics } from './handlers/request-metrics.ts';
import { reviewResources } from './handlers/reviews.ts';
import { handleServerEndpoint } from './handlers/server-endpoints.ts';
import { failureAnswer } from './handlers/status-answer.ts';
import { VersionView } from './handlers/version-view.ts';
import { builtInKinds } from './kinds/built-in-kinds.ts';
import { defineKind } from './kinds/define-kind.ts';
import type { Kind } from './kinds/kind.ts';
import { storedFormOf } from './kinds/versions.ts';
import { runScraper, SCRAPE_INTERVAL_MS } from './metrics/scraper.ts';
import { UsageStore } from './metrics/usage.ts';
import { newNodeProxy } from './node-proxy.ts';
import { OpenApi } from './openapi/openapi.ts';
import type { NodeDialer } from './proxy/backend.ts';
import { judgeTarget } from './raw-target.ts';
import { get } from './registry/create-get.ts';
import { list } from './registry/list.ts';
import type { Registry } from './registry/registry.ts';
import { checkServed, requestInfo } from './request-info.ts';
import { routeOf, ServedResources } from './served-resources.ts';
import type { ApiServerOptions } from './server-options.ts';
import { ClusterIps } from './service-addresses/cluster-ips.ts';
import { IpRange } from './service-addresses/ip-range.ts';
import { NodePorts } from './service-addresses/node-ports.ts';
import { ServiceStorage } from './service-addresses/service-storage.ts';
import { Mirror } from './storage/mirror.ts';
import type { Storage } from './storage/storage.ts';
import { Cacher } from './storage/watch-cache.ts';
import { ANONYMOUS } from './user.ts';

/** Always answered, so that one can find out how the server is without being let in. */
const OPEN_PATHS = new Set(['/healthz', '/livez', '/readyz']);

/** One API server on one store. */
export class ApiServer {
  readonly served = new ServedResources();
  readonly #options: ApiServerOptions;
  readonly #stopped = new AbortController();
  readonly #parts = new Set<AbortController>();
  /** What ends the caches of custom resources, by prefix. */
  readonly #caching = new Map<string, AbortController>();
  readonly #running: Promise<unknown>[] = [];
  readonly #kinds: readonly Kind[];
  readonly #cachers = new Map<string, Cacher>();
  readonly #registries = new Map<string, Registry>();
  readonly #mirrors = new Map<string, Mirror>();
  readonly #metrics = new RequestMetrics();
  readonly #usage = new UsageStore(SCRAPE_INTERVAL_MS);
  readonly #nodes: NodeDialer;
  readonly #world: HandlerWorld;
  readonly #services: ServiceStorage;
  readonly #ips: ClusterIps;
  readonly #authorizer: Authorizer;
  readonly #filters: readonly Filter[];
  readonly #openApi: OpenApi;
  #isReady = false;

  constructor(options: ApiServerOptions) {
    const { clock, random, store } = options;
    this.#options = options;
    this.#stopped.signal.addEventListener('abort', () => {
      for (const part of this.#parts) part.abort();
    });
    this.#ips = new ClusterIps({
      storage: store.storage,
      range: new IpRange(options.serviceClusterIpRange),
      clock,
      random,
    });
    const ports = new NodePorts({
      storage: store.storage,
      range: options.serviceNodePortRange,
      random,
    });
    const inner = this.#cacher('/registry/services/specs/');
    this.#services = new ServiceStorage({ storage: inner, ips: this.#ips, ports });
    const policy = new PolicyCache({
      clusterRoles: this.#mirror('/registry/clusterroles/'),
      clusterRoleBindings: this.#mirror('/registry/clusterrolebindings/'),
      roles: this.#mirror('/registry/roles/'),
      roleBindings: this.#mirror('/registry/rolebindings/'),
    });
    const { authorizationModes } = options;
    const hasNodes = authorizationModes.includes('Node');
    const sources: ModeSources = { policy, graph: this.#nodeGraph(hasNodes) };
    this.#authorizer = authorizerOfModes(authorizationModes, sources);
    this.#kinds = [...builtInKinds(), newDefinitionKind(options.cel)];
    for (const kind of this.#kinds) this.#addRegistry(kind);
    this.#world = {
      clock,
      parsers: options.parsers,
      admission: defaultPlugins({
        clock,
        random,
        authorizer: this.#authorizer,
        policy,
        restrictsNodes: hasNodes,
        registryOf: (group, kind) => this.registryOf(group, kind),
        mirror: (prefix) => this.#mirror(prefix),
        webhookClient: options.webhookClient,
        conditions: options.conditions,
        customKindOf: ({ group, version, kind }) =>
          this.served
            .all()
            .find(
              (one) =>
                one.isCustom && one.group === group && one.version === version && one.kind === kind,
            )?.kindOf,
      }),
    };
    this.#nodes = options.newNodeDialer(
      async (name) =>
        (await get(this.registryOf('', 'Node'), name, { namespace: '' })).object as unknown as Node,
    );
    this.#openApi = new OpenApi(this.served, options.descriptions);
    this.#filters = this.#makeFilters();
    this.#serveBuiltIns(rulesOfModes(authorizationModes, sources));
  }

  /** Makes it ready: the objects every cluster has are there, and caches know what is stored. */
  async start(signal: AbortSignal): Promise<void> {
    const { log, clock, store } = this.#options;
    const stopped = this.#stopped.signal;
    signal.addEventListener('abort', () => this.#stopped.abort());
    if (signal.aborted) this.#stopped.abort();
    this.#run((ended) => store.runCompactor({ clock, log }, ended));
    for (const cacher of this.#cachers.values()) this.#run((ended) => cacher.start(ended));
    for (const mirror of this.#mirrors.values()) this.#run((ended) => mirror.start(ended));
    const aborted = new Promise<never>((_, reject) => {
      stopped.addEventListener('abort', () => reject(new Error('stopped')));
    });
    await Promise.race([this.#bootstrap(), aborted]);
    aborted.catch(() => {});
    this.#isReady = true;
    this.#run((ended) => this.#definitions().start(ended));
    this.#run((ended) => this.#scrapeMetrics(ended));
  }

  /** Ends all that it runs; the store is its owner's to close. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await Promise.allSettled(this.#running);
  }

  /** The server as a function from a request to a response. */
  readonly handler: Handler = async (request, connection) => {
    const target = judgeTarget(connection.rawTarget);
    if (target instanceof StatusError) return asResponse(failureAnswer(target));
    const answer = await this.handle(request, target, connection);
    return isUpgrade(answer) ? answer : asResponse(answer);
  };

  /** The same without a `Request` and a `Response`, which cost more than most requests. */
  async handle(
    incoming: Incoming,
    target: { readonly path: string; readonly query: string },
    connection: Connection,
  ): Promise<Answer | Upgrade> {
    const context: Context = {
      incoming,
      connection,
      path: target.path,
      query: new URLSearchParams(target.query),
      info: requestInfo('', '', NO_QUERY),
      user: ANONYMOUS,
      warnings: [],
      audit: new Map(),
    };
    let answer: Answer | Upgrade;
    try {
      answer = await runChain(this.#filters, (each) => this.#dispatch(each), context);
      if (!isUpgrade(answer)) answer = forReaders(context, answer);
    } catch (error) {
      if (!(error instanceof StatusError) || error.code === 500) {
        this.#options.log.warn('a request failed', { path: target.path, error });
      }
      const failure = failureAnswer(error);
      const headers = withWarnings(context, failure.headers);
      answer = forReaders(context, { ...failure, headers });
    }
    this.#metrics.count(context.info, isUpgrade(answer) ? 101 : answer.status);
    return answer;
  }

  /** @throws Error when there is no such built-in kind */
  registryOf(group: string, kind: string): Registry {
    const registry = this.#registries.get(`${group}/${kind}`);
    if (registry === undefined) throw new Error(`no kind ${kind} in group "${group}"`);
    return registry;
  }

  async #dispatch(context: Context): Promise<Answer | Upgrade> {
    const { info } = context;
    if (!info.isResourceRequest) return handleServerEndpoint(context, this.#serverEndpoints());
    const resource = this.served.find(info.apiGroup, info.apiVersion, info.resource);
    checkServed(info, routeOf(resource));
    const handle =
      info.subresource === '' ? resource : resource?.subresources.get(info.subresource);
    if (handle === undefined) throw newNotFound({ group: '', resource: info.resource }, info.name);
    return handle.handle(context);
  }

  #serverEndpoints() {
    return {
      served: this.served,
      openApi: this.#openApi,
      metrics: () => this.#metrics.text(),
      checks: [
        { name: 'ping', check: () => {} },
        { name: 'etcd', check: () => this.#options.store.check() },
        {
          name: 'poststarthook/start-system-objects',
          check: () => {
            if (!this.#isReady) throw new Error('not yet');
          },
        },
      ],
      documents: this.#options.documents,
    };
  }

  #makeFilters(): readonly Filter[] {
    const options = this.#options;
    const authorizer = this.#authorizer;
    const { clock } = options;
    const authorization = newAuthorization(authorizer);
    return orderOf({
      requestInfo: (context, next) => {
        const { incoming, path, query } = context;
        context.info = requestInfo(incoming.method, path, query);
        return next();
      },
      authentication: newAuthentication(this.#authenticator(), (why) =>
        options.log.debug('a request was not authenticated', { why }),
      ),
      audit: newAudit(options.audit),
      impersonation: newImpersonation(authorizer),
      limits: newLimits(options.limits, clock),
      authorization: (context, next) =>
        OPEN_PATHS.has(context.path) ? next() : authorization(context, next),
    });
  }

  #authenticator() {
    const { clock, anonymous, serviceAccounts } = this.#options;
    const all = this.#tokenAuthenticators();
    return newAuthenticator({
      authenticators: [clientCertificates(clock), bearerTokens(all, serviceAccounts.apiAudiences)],
      anonymous,
    });
  }

  #tokenAuthenticators() {
    const { clock, tokens, serviceAccounts } = this.#options;
    const { issuers, apiAudiences, verifier } = serviceAccounts;
    const ofAccounts = serviceAccountTokens({
      issuers,
      apiAudiences,
      verifier,
      clock,
      objectUid: (resource, namespace, name) => this.#uidOf(resource, namespace, name),
    });
    const ofBootstrap = bootstrapTokens({
      clock,
      apiAudiences,
      secret: async (name) =>
        (await this.registryOf('', 'Secret').storage.get(`${SYSTEM_SECRETS}${name}`))?.object,
    });
    return [
      staticTokens(tokens, apiAudiences),
      cachedTokens(ofAccounts, clock),
      ...(this.#options.bootstrapTokens ? [ofBootstrap] : []),
    ];
  }

  async #uidOf(resource: string, namespace: string, name: string): Promise<string | undefined> {
    const kind = BOUND_KINDS[resource];
    if (kind === undefined) return undefined;
    const { storage } = this.registryOf('', kind);
    const place = namespace === '' ? name : `${namespace}/${name}`;
    const prefix = resource === 'nodes' ? 'minions' : resource;
    return (await storage.get(`/registry/${prefix}/${place}`))?.object.metadata.uid;
  }

  #serveBuiltIns(rules: RuleResolver): void {
    const { random, clock, serviceAccounts } = this.#options;
    const objectOf = async (kind: string, namespace: string, name: string): Promise<ApiObject> =>
      (await get(this.registryOf('', kind), name, { namespace })).object;
    const proxy = newNodeProxy({
      nodes: this.#nodes,
      addresses: this.#options.addresses,
      random,
      get: (resource, namespace, name) => objectOf(PROXIED_KINDS[resource], namespace, name),
    });
    const tokens = {
      clock,
      random,
      signer: serviceAccounts.signer,
      issuer: serviceAccounts.issuers[0] ?? '',
      apiAudiences: serviceAccounts.apiAudiences,
      extendExpiration: true,
      getObject: (resource: string, namespace: string, name: string) =>
        objectOf(BOUND_KINDS[resource] ?? resource, namespace, name),
    };
    const registryOf = (group: string, kind: string) => this.registryOf(group, kind);
    for (const kind of this.#kinds) {
      const endpoint = this.#endpointOf(kind);
      if (kind.group === '' && kind.kind === 'ConfigMap') this.#serveComponentStatuses(endpoint);
      if (kind.group === '' && kind.kind === 'Pod') this.served.add(bindingsResource(endpoint));
      this.served.add(resourceOfKind(endpoint, { proxy, tokens, registryOf }));
    }
    const reviews = reviewResources({
      world: this.#world,
      authorizer: this.#authorizer,
      rules,
      tokenAuthenticators: this.#tokenAuthenticators(),
      apiAudiences: serviceAccounts.apiAudiences,
    });
    for (const review of reviews) this.served.add(review);
    const metrics = metricsResources({
      world: this.#world,
      nodes: registryOf('', 'Node'),
      pods: registryOf('', 'Pod'),
      usage: this.#usage,
    });
    for (const resource of metrics) this.served.add(resource);
  }

  /** Without the mode `Node` nobody asks, and no pods are kept for it. */
  #nodeGraph(isUsed: boolean): NodeGraph {
    if (!isUsed) return { isRelated: () => false };
    return nodeGraphOf(nodeObjectsOf((prefix) => this.#mirror(prefix), this.#stopped.signal));
  }

  /** They stand before ConfigMaps, as in a real server's list. */
  #serveComponentStatuses({ registry }: Endpoint): void {
    const kind = defineKind({
      group: '',
      version: 'v1',
      kind: 'ComponentStatus',
      resource: 'componentstatuses',
      shortNames: ['cs'],
      namespaced: false,
    });
    const endpoint = { world: this.#world, kind, registry, view: new VersionView(kind) };
    const check = () => this.#options.store.check();
    this.served.add(componentStatusesResource(endpoint, check));
  }

  #scrapeMetrics(ended: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    const nodes = async (): Promise<Node[]> => {
      const options = { namespace: '', resourceVersion: '0' };
      const { items } = await list(this.registryOf('', 'Node'), options);
      return items.map(({ object }) => object as unknown as Node);
    };
    return runScraper({ clock, log, nodes, dialer: this.#nodes, store: this.#usage }, ended);
  }

  #endpointOf(kind: Kind): Endpoint {
    const stored = kind.storageVersion;
    const registry = this.registryOf(stored?.group ?? kind.group, stored?.kind ?? kind.kind);
    const own = stored ? { ...registry, kind: storedFormOf(kind, registry.kind) } : registry;
    return { world: this.#world, kind, registry: own, view: new VersionView(kind) };
  }

  #addRegistry(kind: Kind): void {
    if (kind.storageVersion) return;
    this.#registries.set(`${kind.group}/${kind.kind}`, this.#newRegistry(kind));
  }

  /** Serves custom resources as their definitions come and go. */
  #definitions(): DefinitionController {
    const { log, cel } = this.#options;
    return new DefinitionController({
      registry: this.registryOf('apiextensions.k8s.io', 'CustomResourceDefinition'),
      host: {
        add: (kind, _definition, stored) => {
          const before = this.served.find(kind.group, kind.version, kind.resource);
          if (before !== undefined && !before.isCustom) {
            throw new Error(`${kind.resource}.${kind.group} is a resource of this server's own`);
          }
          const registry = this.#newRegistry(stored);
          const own =
            kind === stored ? registry : { ...registry, kind: storedFormOf(kind, stored) };
          const view = new VersionView(kind);
          this.served.add(resourceOfKind({ world: this.#world, kind, registry: own, view }));
        },
        remove: (group, version, resource) => this.#unserve(group, version, resource),
      },
      objects: (kind) => this.#newRegistry(kind),
      log,
      ...(cel && { cel }),
    });
  }

  /** With the last version of a custom resource its cache goes. */
  #unserve(group: string, version: string, resource: string): void {
    this.served.remove(group, version, resource);
    const others = this.served.all();
    if (others.some((one) => one.group === group && one.resource === resource)) return;
    const prefix = `/registry/${group}/${resource}/`;
    this.#caching.get(prefix)?.abort();
    this.#caching.delete(prefix);
    this.#cachers.delete(prefix);
  }

  #newRegistry(kind: Kind): Registry {
    const { clock, random, eventTtlSeconds } = this.#options;
    const isEvent = kind.group === '' && kind.kind === 'Event';
    const isService = kind.group === '' && kind.kind === 'Service';
    const prefix = storagePrefixOf(kind);
    const storage: Storage = isService ? this.#services : this.#cacher(prefix);
    const own = isEvent ? withTtl(kind, eventTtlSeconds) : kind;
    return { kind: own, storage, clock, random };
  }

  #cacher(prefix: string): Cacher {
    let cacher = this.#cachers.get(prefix);
    if (cacher === undefined) {
      const { clock, log, store } = this.#options;
      const indexedField = indexedFieldOf(prefix);
      const index = indexedField === undefined ? {} : { indexedField };
      cacher = new Cacher(store.storage, { prefix, clock, log, ...index });
      this.#cachers.set(prefix, cacher);
      const started = cacher;
      if (this.#isReady)
        this.#caching.set(
          prefix,
          this.#run((ended) => started.start(ended)),
        );
    }
    return cacher;
  }

  #mirror(prefix: string): Mirror {
    let mirror = this.#mirrors.get(prefix);
    if (mirror === undefined) {
      const { clock, log } = this.#options;
      mirror = new Mirror(this.#cacher(prefix), prefix, { clock, log });
      this.#mirrors.set(prefix, mirror);
    }
    return mirror;
  }

  /** Runs a part of the server until the server stops; each has a signal of its own. */
  #run(start: (ended: AbortSignal) => Promise<unknown>): AbortController {
    const part = new AbortController();
    this.#parts.add(part);
    if (this.#stopped.signal.aborted) part.abort();
    const work = start(part.signal).finally(() => this.#parts.delete(part));
    work.catch((error) => this.#options.log.error('a part of the server ended', { error }));
    this.#running.push(work);
    return part;
  }

  async #bootstrap(): Promise<void> {
    const registryOf = (group: string, kind: string) => this.registryOf(group, kind);
    const { advertiseAddress, securePort, log, systemObjects } = this.#options;
    await ensureNamespaces(registryOf);
    if (systemObjects === 'namespaces') {
      await this.#ready();
      return;
    }
    for (const what of await this.#services.repair())
      log.warn('service addresses: mended', { what });
    await ensurePolicy(registryOf);
    await ensurePriorityClasses(registryOf);
    await ensureServiceCidr(registryOf, this.#ips.range.cidr);
    await ensureApiServices(registryOf, this.#groupVersions());
    await ensureKubernetesService(registryOf, {
      clusterIp: this.#ips.range.at(0),
      ip: advertiseAddress,
      port: securePort || 6443,
    });
    await this.#ready();
    this.#keepRolesAggregated();
  }

  async #ready(): Promise<void> {
    await Promise.all([...this.#mirrors.values()].map((mirror) => mirror.ready));
  }

  #groupVersions() {
    const known = new Map(
      this.served
        .all()
        .map((r) => [`${r.group}/${r.version}`, { group: r.group, version: r.version }]),
    );
    return [...known.values()];
  }

  /** Whenever a ClusterRole changes, those that gather their rules from others are looked at. */
  #keepRolesAggregated(): void {
    const { log } = this.#options;
    const mirror = this.#mirror('/registry/clusterroles/');
    const registryOf = (group: string, kind: string) => this.registryOf(group, kind);
    let isAtIt = false;
    let isAsked = false;
    const aggregate = async (): Promise<void> => {
      isAsked = true;
      if (isAtIt) return;
      isAtIt = true;
      try {
        while (isAsked && !this.#stopped.signal.aborted) {
          isAsked = false;
          await aggregateRoles(registryOf, mirror.all() as unknown as ClusterRole[]);
        }
      } catch (error) {
        log.warn('aggregating roles failed; the next change tries again', { error });
      } finally {
        isAtIt = false;
      }
    };
    mirror.onChange(() => void aggregate(), this.#stopped.signal);
  }
}

const NO_QUERY = new URLSearchParams();

const SYSTEM_SECRETS = '/registry/secrets/kube-system/';

const BOUND_KINDS: Readonly<Record<string, string>> = {
  serviceaccounts: 'ServiceAccount',
  pods: 'Pod',
  secrets: 'Secret',
  nodes: 'Node',
};
const PROXIED_KINDS = { pods: 'Pod', services: 'Service', endpoints: 'Endpoints' } as const;

/** Where objects of a kind are kept, of all namespaces. */
function storagePrefixOf({ storagePrefix, resource }: Kind): string {
  return `/registry/${storagePrefix ?? resource}/`;
}

/** The field that most watches of what is kept there select by. */
function indexedFieldOf(prefix: string): string | undefined {
  return builtInKinds().find((kind) => storagePrefixOf(kind) === prefix)?.indexedField;
}

function withTtl(kind: Kind, ttlSeconds: number): Kind {
  return {
    ...kind,
    get schema() {
      return kind.schema;
    },
    ttlSeconds,
  };
}

function asResponse({ status, headers, body }: Answer): Response {
  return new Response(status === 304 ? null : body, { status, headers });
}

/** Makes an API server; nothing runs before `start`. */
export function newApiServer(options: ApiServerOptions): ApiServer {
  return new ApiServer(options);
}
