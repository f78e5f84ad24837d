/**
 * An API server in this process, for tests and experiments: `#apiserver/testing`.
 *
 * Begin with `test-api.ts`.
 */

export { type ApiRequest, type Interceptor, newTestApi, type TestApi } from './test-api.ts';
export type {
  TestClient,
  TestResource,
  TestResourceClient,
  TestWatch,
} from './test-client.ts';
