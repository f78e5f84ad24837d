/**
 * What the page is told, in JSON: small views of objects, and changes of them. Given: the types.
 *
 * They are all that server and browser have in common. Who makes them is `page-state.ts`; what a
 * browser makes of them is `picture.ts`.
 */

/** A node's card. */
export interface NodeView {
  readonly key: string;
  readonly ip: string;
  /** The range its pods have addresses from; `''` when it has none yet. */
  readonly podRange: string;
  /** Its condition `Ready`. */
  readonly ready: 'True' | 'False' | 'Unknown';
  readonly isCordoned: boolean;
  readonly maxPods: number;
  /** In words: taints, and conditions that should not be. */
  readonly troubles: readonly string[];
}

/** A pod's chip. */
export interface PodView {
  /** `namespace/name` */
  readonly key: string;
  /** `''` while it has none. */
  readonly node: string;
  readonly phase: string;
  /** What `kubectl get pods` says: `Running`, `CrashLoopBackOff`. */
  readonly status: string;
  readonly readyContainers: number;
  readonly containers: number;
  /** Its condition `Ready`. */
  readonly isReady: boolean;
  readonly isTerminating: boolean;
  readonly restarts: number;
  readonly ip: string;
  /** Who made it: `ReplicaSet web-5d4f`. */
  readonly owner: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** An address a service is reached by. */
export interface ServiceAddress {
  readonly ip: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  /** `cluster IP`, `node port`, `load balancer`, `external IP`. */
  readonly kind: string;
}

/** A service in the list of services. */
export interface ServiceView {
  /** `namespace/name` */
  readonly key: string;
  readonly type: string;
  /** Of node ports there is one for any node: `ip` is `''`. */
  readonly addresses: readonly ServiceAddress[];
}

/** A line in the stream of events. */
export interface EventView {
  readonly key: string;
  /** When it was seen last, in milliseconds since the epoch. */
  readonly at: number;
  readonly isWarning: boolean;
  readonly reason: string;
  /** What it is about: `Pod default/web-1`. */
  readonly about: string;
  readonly message: string;
  readonly count: number;
  readonly from: string;
}

/** A write to the store. */
export interface WriteView {
  readonly revision: number;
  readonly key: string;
  readonly kind: 'create' | 'update' | 'delete';
  /** When it was heard of, in milliseconds since the epoch. */
  readonly at: number;
}

/** What changed of one kind of view. */
export interface Changes<V> {
  readonly put: readonly V[];
  /** Keys. */
  readonly gone: readonly string[];
}

/** What happened in the store. */
export interface StoreChange {
  /** The newest. */
  readonly revision: number;
  /** How many writes there were, however many of them are told. */
  readonly count: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The last of them, the newest at the end. */
  readonly writes: readonly WriteView[];
}

/** One message of the stream. What it does not speak of is as it was. */
export interface PageMessage {
  /** It begins anew: nothing of what was told before holds. */
  readonly isWhole: boolean;
  readonly nodes?: Changes<NodeView>;
  readonly pods?: Changes<PodView>;
  readonly services?: Changes<ServiceView>;
  readonly events?: Changes<EventView>;
  readonly store?: StoreChange;
}

/** What a plugin refused with. */
export interface RefusalView {
  readonly plugin: string;
  readonly reasons: readonly string[];
}

/** What the scheduler thought of a pod the last time it tried. */
export interface DecisionView {
  readonly attempt: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Where it went; `''`: nowhere. */
  readonly nodeName: string;
  /** Why it went nowhere; `''` when it did not. */
  readonly error: string;
  /** Before any node was asked. */
  readonly refusals: readonly RefusalView[];
  /** The plugins that gave scores: the columns. */
  readonly plugins: readonly { readonly name: string; readonly weight: number }[];
  /** The best first, those refused last. */
  readonly nodes: readonly {
    readonly name: string;
    readonly refusal?: RefusalView;
    /** For each column; absent where the plugin was not asked. */
    readonly scores: readonly (ScoreView | undefined)[];
    readonly total: number;
  }[];
  /** How many nodes nobody looked at. */
  readonly unasked: number;
}

/** A score on its way: as given, between 0 and 100, with its weight. */
export interface ScoreView {
  readonly raw: number;
  readonly normalized: number;
  readonly weighted: number;
}

/** A rule's place. */
export interface RulePlace {
  readonly table: string;
  readonly chain: string;
  /** From 1. */
  readonly number: number;
}

/** A chain, or some rules of one. */
export interface ChainView {
  readonly table: string;
  readonly chain: string;
  readonly rules: readonly { readonly number: number; readonly text: string }[];
}

/** One step of a packet. */
export interface WalkStep {
  /** `PREROUTING, table nat` */
  readonly place: string;
  readonly text: string;
  /** How many chains deep. */
  readonly depth: number;
  /** The rule that was met. */
  readonly rule?: RulePlace;
  /** The packet afterwards: `10.244.1.5:40000 → 10.96.0.10:80`. */
  readonly packet: string;
  /** Its mark afterwards; 0: none. */
  readonly mark: number;
}

/** A packet's whole way. */
export interface WalkView {
  readonly verdict: 'accept' | 'drop' | 'reject';
  /** What became of it, in a sentence. */
  readonly ending: string;
  readonly steps: readonly WalkStep[];
}
