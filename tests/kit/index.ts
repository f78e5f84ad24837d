/**
 * Everything a hidden test may use. A test imports from `#kit` and from components' `#surfaces`.
 *
 * The same tests run under Vitest (`npm test`) and under the judge's runner (`npm run grade`).
 * How to write them: `describe`, `it` and `it.core` in `cases.ts`; `expect` in `expect.ts`;
 * `trace` in `trace.ts`; `property` in `property.ts`; `settle` in `settle.ts`.
 */

export { default as fc } from 'fast-check';
export { afterEach, it } from './cases.ts';
export { type NodeWords, nodeObject, type PodWords, podObject } from './cluster-objects.ts';
export {
  type ControllersAround,
  type ControllerTestOptions,
  type ControllerTestWorld,
  newControllerWorld,
} from './controller-world.ts';
export { countListeners } from './count-listeners.ts';
export { expect } from './expect.ts';
export { beforeEach, describe } from './framework.ts';
export { type LogBook, type LogEntry, newLogBook } from './log-book.ts';
export { property } from './property.ts';
export { refusalOf } from './refusal.ts';
export {
  type Cut,
  type Fault,
  ScriptedServer,
  type ScriptedServerOptions,
  SlowAnswer,
} from './scripted-server.ts';
export {
  type EndpointWords,
  endpointObject,
  proxierOptions,
  type ServicePortWords,
  servicePortObject,
} from './service-objects.ts';
export { settle } from './settle.ts';
export { newTestNodes, type TestNodes, type TestNodesOptions } from './test-nodes.ts';
export { throughStorage } from './through-storage.ts';
export { trace } from './trace.ts';
export { widget, widgetKind } from './widget-kind.ts';
export { type FaultOptions, failEachWriteOnce, type WriteFaults } from './write-faults.ts';
