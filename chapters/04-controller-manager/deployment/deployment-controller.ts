/**
 * The deployment controller: it asks `deployment.ts` and `deployment-more.ts` what is to be done, and
 * does it. Given.
 *
 * One reconcile makes one step; the change it causes brings the next one.
 */

import type { DeploymentCondition, DeploymentStatus } from 'kubernetes-types/apps/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import {
  controllerOf,
  deepCopy,
  isAlreadyExists,
  isNotFound,
  newControllerRef,
  selectorFromObject,
  semanticallyEqual,
} from '#apimachinery';
import { DEPLOYMENTS, type EventRecorder, PODS, REPLICA_SETS, type SharedInformer } from '#client';
import { ControlLoop, type ReconcileResult } from '../control-loop.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { isNamespaceTerminating } from '../namespace-terminating.ts';
import {
  CONTROLLER_INDEX,
  controllerIn,
  controllerIndexKey,
  enqueueAll,
  enqueueOwners,
  finalState,
} from '../owners.ts';
import { claimObjects } from '../ownership.ts';
import { isPodFinished } from '../pod-state.ts';
import { equalTemplates, hashOf, POD_TEMPLATE_HASH_LABEL } from '../pod-template-hash.ts';
import {
  newDeploymentCondition,
  replicaFailureOf,
  withCondition,
  withoutCondition,
} from './conditions.ts';
import {
  fencepostsOf,
  findGenerations,
  forgottenReplicaSets,
  type Generations,
  isComplete,
  nextStep,
  revisionAnnotations,
  statusOf,
} from './deployment.ts';
import {
  pausedCondition,
  progressCheckAfterMs,
  proportionalSizes,
  withProgress,
} from './deployment-more.ts';
import {
  DESIRED_REPLICAS_ANNOTATION,
  type Deployment,
  desiredOf,
  hasProgressDeadline,
  isActive,
  isScalingEvent,
  MAX_REPLICAS_ANNOTATION,
  REVISION_ANNOTATION,
  type ReplicaSet,
  type ScaleStep,
} from './replica-sets.ts';

const NAME = 'deployment-controller';
const DEPLOYMENT = { group: 'apps', version: 'v1', kind: 'Deployment' };
/** After so many failures a Deployment waits for its next change. */
const MAX_RETRIES = 15;
/**
 * A rollout that had arrived, and lost a pod after its deadline, is never found stuck: without a pause
 * it would be looked at for ever, and nobody else would get a turn.
 */
const SHORTEST_CHECK_MS = 1000;

/** Makes the controller that keeps Deployments. */
export function newDeploymentController(context: ControllerContext): Controller {
  return new DeploymentController(context).loop;
}

class DeploymentController {
  readonly loop: ControlLoop;
  readonly #context: ControllerContext;
  readonly #events: EventRecorder;
  readonly #deployments: SharedInformer<Deployment>;
  readonly #replicaSets: SharedInformer<ReplicaSet>;
  readonly #pods: SharedInformer<Pod>;

  constructor(context: ControllerContext) {
    this.#context = context;
    const { informers, clock, log } = context;
    this.#events = context.recorder(NAME);
    this.#deployments = informers.informer(DEPLOYMENTS);
    this.#replicaSets = context.ownedInformer(REPLICA_SETS);
    this.#pods = context.ownedInformer(PODS);
    const synced = [this.#deployments, this.#replicaSets, this.#pods].map(
      (informer) => () => informer.hasSynced(),
    );
    this.loop = new ControlLoop({
      name: NAME,
      clock,
      log,
      synced,
      maxRetries: MAX_RETRIES,
      reconcile: (key) => this.#reconcile(key),
    });
    this.#listen();
  }

  #listen(): void {
    const { loop } = this;
    const deployments = this.#deployments.lister;
    const replicaSets = this.#replicaSets.lister;
    enqueueAll(loop, this.#deployments);
    enqueueOwners(loop, this.#replicaSets, {
      kind: 'Deployment',
      owners: deployments,
      candidates: ({ metadata }) =>
        deployments
          .listNamespace(metadata?.namespace ?? '')
          .filter(({ spec }) => selectorFromObject(spec?.selector).matches(metadata?.labels ?? {})),
    });
    // Under Recreate the last old pod is waited for.
    this.#pods.addEventHandler({
      onDelete: (gone) => {
        const replicaSet = controllerIn(finalState(gone), 'ReplicaSet', replicaSets);
        const deployment = replicaSet && controllerIn(replicaSet, 'Deployment', deployments);
        if (deployment?.spec?.strategy?.type === 'Recreate') loop.enqueue(deployment);
      },
    });
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const cached = this.#deployments.lister.get(key);
    if (!cached) return undefined;
    let deployment = deepCopy(cached);
    if (isEmptySelector(deployment)) return this.#complainOfSelector(deployment);
    const replicaSets = await this.#claimReplicaSets(deployment);
    const generations = findGenerations(deployment, replicaSets);
    if (deployment.metadata?.deletionTimestamp) {
      return this.#writeStatus(deployment, statusOf(deployment, generations, this.#context.clock));
    }
    deployment = await this.#notePause(deployment);
    return this.#makeStep(deployment, await this.#syncRevision(deployment, generations));
  }

  /** Pausing, and scaling in the middle of a rollout, only change sizes; else the rollout goes on. */
  async #makeStep(
    deployment: Deployment,
    generations: Generations,
  ): Promise<ReconcileResult | undefined> {
    const { current, old } = generations;
    const all = current ? [...old, current] : [...old];
    const isPaused = deployment.spec?.paused === true;
    const isInTheMiddle = isScalingEvent(deployment, all) && all.filter(isActive).length > 1;
    if (isPaused || isInTheMiddle) {
      const sizes = proportionalSizes(deployment, generations);
      const after = await this.#scaleAll(deployment, generations, sizes);
      if (isPaused) await this.#forgetOld(deployment, after.old);
      return this.#writeStatus(deployment, statusOf(deployment, after, this.#context.clock));
    }
    const step = nextStep(deployment, generations, this.#hasOldPods(deployment, generations));
    let after = await this.#scaleAll(deployment, generations, step.scale);
    if (step.create !== undefined) after = await this.#create(deployment, after, step.create);
    else if (step.scale.length === 0 && isComplete(deployment, deployment.status ?? {})) {
      await this.#forgetOld(deployment, old);
    }
    return this.#syncStatus(deployment, after);
  }

  #complainOfSelector(deployment: Deployment): Promise<undefined> {
    const { generation } = deployment.metadata ?? {};
    const message = 'This deployment is selecting all pods. A non-empty selector is required.';
    this.#tell(deployment, 'Warning', 'SelectingAll', message);
    return this.#writeStatus(deployment, { ...deployment.status, observedGeneration: generation });
  }

  async #claimReplicaSets(deployment: Deployment): Promise<ReplicaSet[]> {
    const { namespace = '', name = '', uid } = deployment.metadata ?? {};
    const { client } = this.#context;
    const byController = (owner: string | undefined): ReplicaSet[] =>
      this.#replicaSets.lister.byIndex(CONTROLLER_INDEX, controllerIndexKey(namespace, owner));
    return claimObjects({
      owner: deployment,
      ownerKind: DEPLOYMENT,
      freshOwner: () => client.resource(DEPLOYMENTS, namespace).get(name),
      selector: selectorFromObject(deployment.spec?.selector),
      objects: [...byController(uid), ...byController(undefined)],
      client: client.resource(REPLICA_SETS, namespace),
    });
  }

  #hasOldPods(deployment: Deployment, { current, old }: Generations): boolean {
    if (deployment.spec?.strategy?.type !== 'Recreate') return false;
    const namespace = deployment.metadata?.namespace;
    return old
      .filter((replicaSet) => replicaSet !== current)
      .flatMap(({ metadata }) =>
        this.#pods.lister.byIndex(CONTROLLER_INDEX, controllerIndexKey(namespace, metadata?.uid)),
      )
      .some((pod) => !isPodFinished(pod));
  }

  /** Says that the Deployment was paused or goes on, before anything else is done. */
  async #notePause(deployment: Deployment): Promise<Deployment> {
    if (!hasProgressDeadline(deployment)) return deployment;
    const condition = pausedCondition(deployment, this.#context.clock);
    if (!condition) return deployment;
    const conditions = withCondition(deployment.status?.conditions ?? [], condition);
    return this.#updateStatus({ ...deployment, status: { ...deployment.status, conditions } });
  }

  /** The current ReplicaSet's annotations, and the Deployment's revision, which is a copy of its. */
  async #syncRevision(deployment: Deployment, generations: Generations): Promise<Generations> {
    const { current, old } = generations;
    if (!current) return generations;
    const before = current.metadata?.annotations ?? {};
    const annotations = revisionAnnotations(deployment, before, old);
    const minReadySeconds = deployment.spec?.minReadySeconds;
    const isRight =
      semanticallyEqual(before, annotations) &&
      (current.spec?.minReadySeconds ?? 0) === (minReadySeconds ?? 0);
    const renewed = isRight
      ? current
      : await this.#updateReplicaSet({
          ...current,
          metadata: { ...current.metadata, annotations },
          spec: { ...deepCopy(current.spec), minReadySeconds } as ReplicaSet['spec'],
        });
    await this.#noteRevision(deployment, annotations[REVISION_ANNOTATION] ?? '', () =>
      this.#foundCondition(deployment, renewed),
    );
    return { current: renewed, old };
  }

  #foundCondition(deployment: Deployment, current: ReplicaSet): DeploymentCondition | undefined {
    const isKnown = deployment.status?.conditions?.some(({ type }) => type === 'Progressing');
    if (!hasProgressDeadline(deployment) || isKnown) return undefined;
    const message = `Found new replica set "${current.metadata?.name}"`;
    return this.#progressing('True', 'FoundNewReplicaSet', message);
  }

  /** Writes the revision, and what is to be said of the progress, if either is new; changes `deployment`. */
  async #noteRevision(
    deployment: Deployment,
    revision: string,
    newCondition: () => DeploymentCondition | undefined,
  ): Promise<void> {
    const { annotations } = deployment.metadata ?? {};
    const condition = newCondition();
    if (annotations?.[REVISION_ANNOTATION] === revision && !condition) return;
    const conditions = deployment.status?.conditions ?? [];
    const updated = await this.#updateStatus({
      ...deployment,
      metadata: {
        ...deployment.metadata,
        annotations: { ...annotations, [REVISION_ANNOTATION]: revision },
      },
      status: {
        ...deployment.status,
        conditions: condition ? withCondition(conditions, condition) : conditions,
      },
    });
    deployment.metadata = updated.metadata;
    deployment.status = updated.status;
  }

  async #create(
    deployment: Deployment,
    { old }: Generations,
    replicas: number,
  ): Promise<Generations> {
    const { client } = this.#context;
    const wanted = newReplicaSet(deployment, old, replicas);
    const name = wanted.metadata?.name ?? '';
    const replicaSets = client.resource(REPLICA_SETS, deployment.metadata?.namespace);
    let current: ReplicaSet;
    let isNew = true;
    try {
      current = await replicaSets.create(wanted);
    } catch (error) {
      if (!isAlreadyExists(error)) throw await this.#failedToCreate(deployment, name, error);
      // The cache was behind, or two templates have one hash.
      current = await this.#existing(deployment, name, error);
      isNew = false;
    }
    if (isNew && replicas > 0) {
      const message = `Scaled up replica set ${name} from 0 to ${replicas}`;
      this.#tell(deployment, 'Normal', 'ScalingReplicaSet', message);
    }
    const revision = current.metadata?.annotations?.[REVISION_ANNOTATION] ?? '';
    await this.#noteRevision(deployment, revision, () =>
      isNew && hasProgressDeadline(deployment)
        ? this.#progressing('True', 'NewReplicaSetCreated', `Created new replica set "${name}"`)
        : undefined,
    );
    return { current, old };
  }

  /** The ReplicaSet of the name, if it is this Deployment's and of its template; else another hash is tried. */
  async #existing(deployment: Deployment, name: string, error: unknown): Promise<ReplicaSet> {
    const { client } = this.#context;
    const found = await client.resource(REPLICA_SETS, deployment.metadata?.namespace).get(name);
    const isOurs =
      controllerOf(found)?.uid === deployment.metadata?.uid &&
      equalTemplates(found.spec?.template ?? {}, deployment.spec?.template ?? {});
    if (isOurs) return found;
    const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
    await this.#updateStatus({ ...deployment, status: { ...deployment.status, collisionCount } });
    throw error;
  }

  async #failedToCreate(deployment: Deployment, name: string, error: unknown): Promise<unknown> {
    if (isNamespaceTerminating(error)) return error;
    const why = error instanceof Error ? error.message : String(error);
    const message = `Failed to create new replica set "${name}": ${why}`;
    this.#tell(deployment, 'Warning', 'ReplicaSetCreateError', message);
    if (hasProgressDeadline(deployment)) {
      const condition = this.#progressing('False', 'ReplicaSetCreateError', message);
      const conditions = withCondition(deployment.status?.conditions ?? [], condition);
      // The failure itself is what matters; that it could not be written down either is not.
      await this.#updateStatus({
        ...deployment,
        status: { ...deployment.status, conditions },
      }).catch(() => {});
    }
    return error;
  }

  async #scaleAll(
    deployment: Deployment,
    generations: Generations,
    steps: readonly ScaleStep[],
  ): Promise<Generations> {
    const scaled = new Map<ReplicaSet, ReplicaSet>();
    for (const step of steps) scaled.set(step.replicaSet, await this.#scale(deployment, step));
    const after = (one: ReplicaSet): ReplicaSet => scaled.get(one) ?? one;
    const { current, old } = generations;
    return { current: current && after(current), old: old.map(after) };
  }

  async #scale(deployment: Deployment, { replicaSet, replicas }: ScaleStep): Promise<ReplicaSet> {
    const annotations = { ...replicaSet.metadata?.annotations, ...sizeAnnotations(deployment) };
    const before = desiredOf(replicaSet);
    if (before === replicas && semanticallyEqual(annotations, replicaSet.metadata?.annotations)) {
      return replicaSet;
    }
    const updated = await this.#updateReplicaSet({
      ...replicaSet,
      metadata: { ...replicaSet.metadata, annotations },
      spec: { ...deepCopy(replicaSet.spec), replicas } as ReplicaSet['spec'],
    });
    if (before !== replicas) {
      const way = before < replicas ? 'up' : 'down';
      const name = replicaSet.metadata?.name;
      const message = `Scaled ${way} replica set ${name} from ${before} to ${replicas}`;
      this.#tell(deployment, 'Normal', 'ScalingReplicaSet', message);
    }
    return updated;
  }

  async #forgetOld(deployment: Deployment, old: readonly ReplicaSet[]): Promise<void> {
    const replicaSets = this.#context.client.resource(REPLICA_SETS, deployment.metadata?.namespace);
    for (const { metadata } of forgottenReplicaSets(deployment, old)) {
      await replicaSets.delete(metadata?.name ?? '').catch((error) => {
        if (!isNotFound(error)) throw error;
      });
    }
  }

  /** Writes how far the rollout is; comes back when it could be found stuck. */
  async #syncStatus(
    deployment: Deployment,
    { current, old }: Generations,
  ): Promise<ReconcileResult | undefined> {
    const { clock } = this.#context;
    const status = statusOf(deployment, { current, old }, clock);
    const conditions = hasProgressDeadline(deployment)
      ? withProgress(deployment, status, current, clock)
      : withoutCondition(status.conditions ?? [], 'Progressing');
    const failure = replicaFailureOf(current ? [current, ...old] : old);
    const all = failure
      ? withCondition(conditions, failure)
      : withoutCondition(conditions, 'ReplicaFailure');
    const next = { ...status, conditions: all };
    await this.#writeStatus(deployment, next);
    if (!hasProgressDeadline(deployment)) return undefined;
    const requeueAfterMs = progressCheckAfterMs(deployment, next, clock);
    if (requeueAfterMs === undefined) return undefined;
    return { requeueAfterMs: Math.max(requeueAfterMs, SHORTEST_CHECK_MS) };
  }

  async #writeStatus(deployment: Deployment, status: DeploymentStatus): Promise<undefined> {
    if (!semanticallyEqual(deployment.status, status)) {
      await this.#updateStatus({ ...deployment, status });
    }
  }

  #updateStatus(deployment: Deployment): Promise<Deployment> {
    const { client } = this.#context;
    return client.resource(DEPLOYMENTS, deployment.metadata?.namespace).updateStatus(deployment);
  }

  #updateReplicaSet(replicaSet: ReplicaSet): Promise<ReplicaSet> {
    const { client } = this.#context;
    return client.resource(REPLICA_SETS, replicaSet.metadata?.namespace).update(replicaSet);
  }

  #progressing(status: 'True' | 'False', reason: string, message: string): DeploymentCondition {
    return newDeploymentCondition('Progressing', status, reason, message, this.#context.clock);
  }

  #tell(deployment: Deployment, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#events.event(DEPLOYMENTS, deployment, type, reason, message);
  }
}

function isEmptySelector({ spec }: Deployment): boolean {
  const { matchLabels = {}, matchExpressions = [] } = spec?.selector ?? {};
  return Object.keys(matchLabels).length === 0 && matchExpressions.length === 0;
}

function sizeAnnotations(deployment: Deployment): Record<string, string> {
  const wanted = desiredOf(deployment);
  return {
    [DESIRED_REPLICAS_ANNOTATION]: String(wanted),
    [MAX_REPLICAS_ANNOTATION]: String(wanted + fencepostsOf(deployment).maxSurge),
  };
}

/** The ReplicaSet of the Deployment's template; its name follows from the template, so it is made once. */
function newReplicaSet(
  deployment: Deployment,
  old: readonly ReplicaSet[],
  replicas: number,
): ReplicaSet {
  const { metadata, spec, status } = deployment;
  const template = deepCopy(spec?.template ?? {});
  const hash = hashOf(template, status?.collisionCount);
  const label = { [POD_TEMPLATE_HASH_LABEL]: hash };
  const labels = { ...template.metadata?.labels, ...label };
  return {
    metadata: {
      name: `${metadata?.name}-${hash}`,
      namespace: metadata?.namespace,
      labels,
      annotations: {
        ...revisionAnnotations(deployment, {}, old),
        ...sizeAnnotations(deployment),
      },
      ownerReferences: [newControllerRef(deployment, DEPLOYMENT)],
    },
    spec: {
      replicas,
      minReadySeconds: spec?.minReadySeconds,
      selector: {
        ...spec?.selector,
        matchLabels: { ...spec?.selector.matchLabels, ...label },
      },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}
