/**
 * An API server in this process, for tests and experiments: `#apiserver/testing`.
 *
 * Begin with `test-api.ts`.
 */

export type { Answer, Incoming } from '../context.ts';
export type { ApiServer } from '../server.ts';
export { newStore } from '../storage/open-storage.ts';
export {
  type ApiRequest,
  type Interceptor,
  newTestApi,
  newTestServer,
  type TestApi,
} from './test-api.ts';
export type {
  TestClient,
  TestResource,
  TestResourceClient,
  TestWatch,
} from './test-client.ts';
