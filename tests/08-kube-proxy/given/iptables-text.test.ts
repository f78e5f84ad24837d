import { describe, expect, it } from 'vitest';
import { endpointObject, proxierOptions, servicePortObject } from '#kit';
import {
  clusterPolicyChain,
  endpointInfo,
  externalChain,
  FullTextProxier,
  firewallChain,
  fullText,
  IncrementalProxier,
  isServiceChain,
  localPolicyChain,
  newIptablesProxier,
} from '#kube-proxy';

describe('names of chains', () => {
  // As a kube-proxy 1.20.2 wrote them; the hash has been the same ever since.
  it.each([
    ['web:http', 'TCP', 'CDGGSHYLG3RE2FKL'],
    ['dns:dns', 'UDP', '2MBSHUE5GJKPO227'],
    ['kubernetes:https', 'TCP', 'NPX46M4PTMTKRN6Y'],
  ] as const)('%s %s', (name, protocol, hash) => {
    const port = servicePortObject(name, { protocol });
    expect(clusterPolicyChain(port)).toBe(`KUBE-SVC-${hash}`);
    expect(localPolicyChain(port)).toBe(`KUBE-SVL-${hash}`);
    expect(externalChain(port)).toBe(`KUBE-EXT-${hash}`);
    expect(firewallChain(port)).toBe(`KUBE-FW-${hash}`);
  });

  it('are others for each endpoint', () => {
    const port = servicePortObject('dns:dns', { protocol: 'UDP' });
    const { chain } = endpointInfo(port, endpointObject('10.244.1.3', { port: 5353 }));
    expect(chain).toBe('KUBE-SEP-Z6MS6ZYRBGS52EPO');
  });

  it('tell which chains belong to a service port', () => {
    expect(['KUBE-SEP-A', 'KUBE-SVL-A', 'KUBE-FW-A'].every(isServiceChain)).toBe(true);
    expect(['KUBE-SERVICES', 'KUBE-FIREWALL', 'KUBE-FORWARD', 'cali-A'].some(isServiceChain)).toBe(
      false,
    );
  });
});

describe('newIptablesProxier', () => {
  it('is the incremental one', () => {
    expect(newIptablesProxier(proxierOptions())).toBeInstanceOf(IncrementalProxier);
  });
});

describe('FullTextProxier', () => {
  const port = servicePortObject();
  const state = {
    services: new Map([[port.id, port]]),
    endpoints: new Map([[port.id, [endpointObject('10.244.1.2')]]]),
    updatedServices: new Set<string>(),
  };

  it('writes everything every time', () => {
    const proxier = new FullTextProxier(proxierOptions());
    const first = proxier.sync(state);
    expect(proxier.sync(state)).toBe(first);
    expect(first).toBe(fullText(proxierOptions(), state));
  });

  it('goes by the last options', () => {
    const proxier = new FullTextProxier(proxierOptions());
    const options = proxierOptions({ masqueradeBit: 3 });
    proxier.setOptions(options);
    proxier.fullSync();
    expect(proxier.sync(state)).toBe(fullText(options, state));
  });
});
