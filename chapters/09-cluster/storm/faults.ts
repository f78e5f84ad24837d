/** How each fault of a plan is done to a cluster, and how it ends. */

import { seededRandom } from '#apimachinery';
import type { Fault, FaultKind } from './plan.ts';
import type { StormCluster } from './storm-cluster.ts';

/** Begins a fault. @returns what ends it; absent: it is over at once */
type Begin = (cluster: StormCluster, fault: Fault) => (() => void) | undefined;

const BEGIN: Readonly<Record<FaultKind, Begin>> = {
  'store loses power': ({ store }) => {
    if (!store.isUp) return undefined;
    store.crash();
    return () => {
      if (!store.isUp) void store.start();
    };
  },
  'store compacts': ({ store }) => {
    void store.compact();
    return undefined;
  },
  'disk is slow': ({ store }, { amount }) => {
    store.syncMs = amount;
    return () => {
      store.syncMs = 0;
    };
  },
  'API server crashes': ({ api }) => {
    api.crash();
    return () => api.start();
  },
  'controller manager crashes': ({ controllers }) => {
    controllers.crash();
    return () => controllers.start();
  },
  'scheduler crashes': ({ scheduler }) => {
    scheduler.crash();
    return () => scheduler.start();
  },
  'kubelet crashes': (cluster, { target }) => {
    const node = cluster.node(target);
    node.kubelet.crash();
    return () => {
      if (node.isUp) node.kubelet.start();
    };
  },
  'kube-proxy crashes': (cluster, { target }) => {
    const node = cluster.node(target);
    node.proxy.crash();
    return () => {
      if (node.isUp) node.proxy.start();
    };
  },
  'node loses power': (cluster, { target }) => {
    const node = cluster.node(target);
    if (!node.isUp) return undefined;
    node.powerOff();
    return () => node.powerOn();
  },
  'network is cut': (cluster, { target }) => {
    const link = cluster.linkOf(target);
    link.cut();
    return () => link.heal();
  },
  'watches say nothing': (cluster, { target }) => {
    const link = cluster.linkOf(target);
    link.hold();
    return () => link.release();
  },
  'watches break': (cluster, { target }) => {
    cluster.linkOf(target).breakWatches();
    return undefined;
  },
  'answers get lost': (cluster, { target, amount }) => {
    const link = cluster.linkOf(target);
    link.lostAnswers = amount;
    return () => {
      link.lostAnswers = 0;
    };
  },
  'clock jumps': (cluster, { target, amount }) => {
    const clock = cluster.clockOf(target);
    clock.skewMs = amount;
    return () => {
      clock.skewMs = 0;
    };
  },
  'container dies': (cluster, { target, id }) => {
    void cluster.node(target).killContainer(seededRandom(`container ${id}`));
    return undefined;
  },
};

/** Does a fault now, and ends it when its time is over. */
export function beginFault(cluster: StormCluster, fault: Fault): void {
  const end = BEGIN[fault.kind](cluster, fault);
  if (end) cluster.clock.after(fault.ms, end);
}
