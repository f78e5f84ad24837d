/** What a Service that is only tried out is shown with, and that nothing is taken for it. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const services = '/api/v1/namespaces/default/services';
const addresses = '/apis/networking.k8s.io/v1/ipaddresses';

interface Spec {
  readonly type: string;
  readonly clusterIP?: string;
  readonly clusterIPs?: string[];
  readonly ports: { readonly nodePort?: number }[];
}

async function send(method: string, target: string, spec: object, name = 'web') {
  const body = {
    kind: 'Service',
    apiVersion: 'v1',
    metadata: { name },
    spec: { ports: [{ port: 80 }], ...spec },
  };
  const isPatch = method === 'PATCH';
  const headers: Record<string, string> = isPatch
    ? { 'content-type': 'application/merge-patch+json' }
    : {};
  const response = await server.ask(method, target, isPatch ? { spec } : body, headers);
  const { spec: shown, message } = (await response.json()) as { spec: Spec; message?: string };
  return { code: response.status, spec: shown, message };
}

async function taken(): Promise<number> {
  const { items } = (await (await server.ask('GET', addresses)).json()) as { items: object[] };
  return items.length;
}

describe('a dry run of a Service', () => {
  it('shows the network as its address, and takes none', async () => {
    const before = await taken();
    const { code, spec } = await send('POST', `${services}?dryRun=All`, {});
    expect(code).toBe(201);
    expect(spec).toMatchObject({
      clusterIP: '10.96.0.0',
      clusterIPs: ['10.96.0.0'],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
    });
    expect(await taken()).toBe(before);
    expect((await server.ask('GET', `${services}/web`)).status).toBe(404);
  });

  it('shows a node port for each port, each another', async () => {
    const ports = [
      { name: 'a', port: 80 },
      { name: 'b', port: 81 },
    ];
    const { spec } = await send('POST', `${services}?dryRun=All`, { type: 'NodePort', ports });
    expect(spec.ports.map(({ nodePort }) => nodePort)).toEqual([32769, 32770]);
  });

  it('keeps an address and a port that are wished for, and refuses those it cannot have', async () => {
    const ports = [{ port: 80, nodePort: 30080 }];
    const wished = { type: 'NodePort', clusterIP: '10.96.0.77', ports };
    const shown = await send('POST', `${services}?dryRun=All`, wished);
    expect(shown.spec).toMatchObject({ clusterIP: '10.96.0.77', ports: [{ nodePort: 30080 }] });
    const outside = await send('POST', `${services}?dryRun=All`, { clusterIP: '10.0.0.1' });
    expect(outside).toMatchObject({ code: 422 });
    expect(outside.message).toContain('is not in the valid range');
    expect((await send('POST', services, { type: 'NodePort', ports }, 'first')).code).toBe(201);
    const second = await send('POST', `${services}?dryRun=All`, { type: 'NodePort', ports });
    expect(second).toMatchObject({ code: 422 });
    expect(second.message).toContain('provided port is already allocated');
  });

  it('of a change shows what would come, and changes nothing', async () => {
    await send('POST', services, {}, 'grows');
    const { spec } = await send('PATCH', `${services}/grows?dryRun=All`, { type: 'NodePort' });
    expect(spec.ports[0]?.nodePort).toBe(32769);
    expect(spec.clusterIP).toMatch(/^10\./);
    const now = (await (await server.ask('GET', `${services}/grows`)).json()) as { spec: Spec };
    expect(now.spec).toMatchObject({ type: 'ClusterIP', clusterIP: spec.clusterIP });
    expect(now.spec.ports[0]?.nodePort).toBeUndefined();
  });

  it('takes no address for one without', async () => {
    const none = await send('POST', `${services}?dryRun=All`, { clusterIP: 'None' });
    expect(none.spec).toMatchObject({ clusterIP: 'None', clusterIPs: ['None'] });
    const external = { type: 'ExternalName', externalName: 'example.com', ports: [] };
    expect((await send('POST', `${services}?dryRun=All`, external)).spec.clusterIP).toBeUndefined();
  });
});
