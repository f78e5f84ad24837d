/**
 * The handout's examples as tests you can see. Run them while you work:
 *
 *   npx vitest run chapters/09-cluster/examples.test.ts
 *
 * The hidden tests look at much more; `npm run grade -- 09` runs those.
 */

import { describe, expect, it } from 'vitest';
import { FakeClock } from '#apimachinery';
import { certificatesFor, type Part, runParts, websiteDeployment, websiteService } from '#cluster';

const shape = {
  server: 'https://127.0.0.1:6443',
  serviceIp: '10.96.0.1',
  domain: 'cluster.local',
  nodes: [{ name: 'node-1', ip: '127.0.0.1' }],
};

describe('cluster/bootstrap', () => {
  it('gives a kubelet the name that the node authorizer knows it by', () => {
    const request = certificatesFor(shape).find(({ name }) => name === 'kubelet-node-1');
    expect(request?.commonName).toBe('system:node:node-1');
    expect(request?.organizations).toEqual(['system:nodes']);
  });

  it('starts what is needed first, and stops it last', async () => {
    const clock = new FakeClock();
    const log: string[] = [];
    const part = (name: string, needs: string[]): Part => ({
      name,
      needs,
      isReady: async () => true,
      run: async (signal) => {
        log.push(`start ${name}`);
        await clock.sleep(1e9, signal).catch(() => {});
        log.push(`stop ${name}`);
      },
    });
    const stop = new AbortController();
    const parts = [part('apiserver', ['etcd']), part('etcd', [])];
    const ended = runParts(parts, { clock }, stop.signal);
    await clock.advance(1000);
    stop.abort();
    await ended;
    expect(log).toEqual(['start etcd', 'start apiserver', 'stop apiserver', 'stop etcd']);
  });
});

describe('cluster/your-turn', () => {
  const website = {
    metadata: { name: 'blog', namespace: 'default', uid: 'u1' },
    spec: { image: 'nginx', replicas: 2, port: 8080 },
  };

  it('wants a Deployment that belongs to the Website', () => {
    const deployment = websiteDeployment(website);
    expect(deployment.spec?.replicas).toBe(2);
    expect(deployment.metadata?.ownerReferences).toMatchObject([{ kind: 'Website', uid: 'u1' }]);
  });

  it('wants a Service at port 80 that leads to the containers', () => {
    const { selector, ports } = websiteService(website).spec ?? {};
    expect(selector).toEqual({ app: 'blog' });
    expect(ports).toEqual([{ port: 80, targetPort: 8080 }]);
  });
});
