import { checkServed, type RequestInfo, requestInfo, type Served } from '#apiserver';
import { describe, expect, fc, it, property } from '#kit';

function infoOf(line: string): RequestInfo {
  const [method = '', target = ''] = line.split(' ');
  const [path = '', query = ''] = target.split('?');
  return requestInfo(method, path, new URLSearchParams(query));
}

describe('requestInfo', () => {
  it.core('reads an object of the core group', () => {
    expect(infoOf('GET /api/v1/namespaces/default/pods/web')).toEqual({
      isResourceRequest: true,
      path: '/api/v1/namespaces/default/pods/web',
      verb: 'get',
      apiPrefix: 'api',
      apiGroup: '',
      apiVersion: 'v1',
      namespace: 'default',
      resource: 'pods',
      subresource: '',
      name: 'web',
      rest: '',
    });
  });

  it.core('reads a collection of another group, over all namespaces', () => {
    expect(infoOf('GET /apis/apps/v1/deployments')).toMatchObject({
      isResourceRequest: true,
      verb: 'list',
      apiPrefix: 'apis',
      apiGroup: 'apps',
      apiVersion: 'v1',
      namespace: '',
      resource: 'deployments',
      name: '',
    });
  });

  it.core('reads a subresource and what is behind it', () => {
    expect(infoOf('GET /api/v1/nodes/a/proxy/logs/x.txt')).toMatchObject({
      namespace: '',
      resource: 'nodes',
      name: 'a',
      subresource: 'proxy',
      rest: 'logs/x.txt',
    });
  });

  it.core('takes what is no resource for what it is', () => {
    expect(infoOf('GET /healthz')).toEqual({
      isResourceRequest: false,
      path: '/healthz',
      verb: 'get',
      apiPrefix: '',
      apiGroup: '',
      apiVersion: '',
      namespace: '',
      resource: '',
      subresource: '',
      name: '',
      rest: '',
    });
  });

  const paths = [
    '/',
    '/api',
    '/api/',
    '/api/v1',
    '/api/v1/',
    '/apis',
    '/apis/apps',
    '/apis/apps/v1',
    '/apis/apps/v1/',
  ];
  for (const path of paths) {
    it(`is no resource request: ${path}`, () => {
      expect(infoOf(`GET ${path}`)).toMatchObject({ isResourceRequest: false, path, resource: '' });
    });
  }

  it('does not take another prefix for the API', () => {
    expect(infoOf('GET /openapi/v3/api/v1')).toMatchObject({ isResourceRequest: false });
    expect(infoOf('POST /apiserver/v1/pods')).toMatchObject({
      isResourceRequest: false,
      verb: 'post',
    });
  });

  it('ignores a slash at the end, but not in the path', () => {
    expect(infoOf('GET /api/v1/namespaces/default/pods/')).toMatchObject({
      path: '/api/v1/namespaces/default/pods/',
      verb: 'list',
      resource: 'pods',
      name: '',
    });
    expect(infoOf('GET /api/v1/namespaces/x/')).toMatchObject({
      verb: 'get',
      resource: 'namespaces',
      name: 'x',
    });
  });
});

describe('requestInfo, namespaces', () => {
  const rows: [line: string, expected: Partial<RequestInfo>][] = [
    ['GET /api/v1/namespaces', { resource: 'namespaces', name: '', namespace: '', verb: 'list' }],
    [
      'GET /api/v1/namespaces/x',
      { resource: 'namespaces', name: 'x', namespace: 'x', verb: 'get' },
    ],
    [
      'PUT /api/v1/namespaces/x/status',
      { resource: 'namespaces', name: 'x', namespace: 'x', subresource: 'status', verb: 'update' },
    ],
    [
      'PUT /api/v1/namespaces/x/finalize',
      { resource: 'namespaces', name: 'x', subresource: 'finalize', verb: 'update' },
    ],
    [
      'GET /api/v1/namespaces/x/pods',
      { resource: 'pods', name: '', namespace: 'x', subresource: '', verb: 'list' },
    ],
    [
      'GET /api/v1/namespaces/x/services/status',
      { resource: 'services', name: 'status', namespace: 'x', subresource: '' },
    ],
    [
      'POST /apis/apps/v1/namespaces/x/deployments/web/scale',
      {
        resource: 'deployments',
        name: 'web',
        namespace: 'x',
        subresource: 'scale',
        verb: 'create',
      },
    ],
    [
      'POST /api/v1/namespaces/status/pods',
      { resource: 'pods', namespace: 'status', verb: 'create', name: '' },
    ],
  ];
  for (const [line, expected] of rows) {
    it(`reads ${line}`, () => {
      expect(infoOf(line)).toMatchObject({ isResourceRequest: true, ...expected });
    });
  }
});

describe('requestInfo, verbs', () => {
  const rows: [line: string, verb: string][] = [
    ['POST /api/v1/namespaces/x/pods', 'create'],
    ['PUT /api/v1/namespaces/x/pods/p', 'update'],
    ['PATCH /api/v1/namespaces/x/pods/p', 'patch'],
    ['DELETE /api/v1/namespaces/x/pods/p', 'delete'],
    ['DELETE /api/v1/namespaces/x/pods', 'deletecollection'],
    ['HEAD /api/v1/namespaces/x/pods/p', 'get'],
    ['HEAD /api/v1/namespaces/x/pods', 'list'],
    ['OPTIONS /api/v1/namespaces/x/pods/p', ''],
    ['GET /api/v1/pods?watch=true', 'watch'],
    ['GET /api/v1/pods?watch=1', 'watch'],
    ['GET /api/v1/pods?watch=false', 'list'],
    ['GET /api/v1/pods?watch=True', 'watch'],
    ['GET /api/v1/pods?watch', 'watch'],
    ['GET /api/v1/pods?watch=0', 'list'],
    ['GET /api/v1/pods?watch=False', 'list'],
    ['GET /api/v1/pods?watching=true', 'list'],
    ['GET /api/v1/namespaces/x/pods/p?watch=true', 'get'],
    ['GET /api/v1/watch/pods', 'watch'],
    ['GET /api/v1/watch/namespaces/x/pods', 'watch'],
    ['GET /api/v1/watch/namespaces/x/pods/p', 'watch'],
    ['DELETE /version', 'delete'],
  ];
  for (const [line, verb] of rows) {
    it(`is ${verb === '' ? 'none' : verb} for ${line}`, () => {
      expect(infoOf(line).verb).toBe(verb);
    });
  }

  it('reads the old form of a watch like the new one', () => {
    expect(infoOf('GET /apis/apps/v1/watch/namespaces/x/deployments/web')).toMatchObject({
      isResourceRequest: true,
      verb: 'watch',
      apiGroup: 'apps',
      namespace: 'x',
      resource: 'deployments',
      name: 'web',
    });
  });
});

describe('requestInfo, the name in a field selector', () => {
  it('is the name of a list or watch of one object', () => {
    const one = 'fieldSelector=metadata.name%3Dweb';
    expect(infoOf(`GET /api/v1/namespaces/x/pods?${one}`)).toMatchObject({
      verb: 'list',
      name: 'web',
    });
    expect(infoOf(`GET /api/v1/namespaces/x/pods?${one}&watch=true`)).toMatchObject({
      verb: 'watch',
      name: 'web',
    });
  });

  it('is not that of a watch of the old form', () => {
    const one = 'fieldSelector=metadata.name%3Dweb';
    expect(infoOf(`GET /api/v1/watch/namespaces/x/pods?${one}`)).toMatchObject({
      verb: 'watch',
      name: '',
    });
  });

  it('is nothing beside a name in the path', () => {
    const line = 'GET /api/v1/namespaces/x/pods/p?fieldSelector=metadata.name%3Dweb';
    expect(infoOf(line)).toMatchObject({ verb: 'get', name: 'p' });
  });

  it('is found among others', () => {
    const both = 'spec.nodeName%3Da,metadata.name%3Dweb';
    expect(infoOf(`GET /api/v1/pods?fieldSelector=${both}`).name).toBe('web');
  });

  it('does not turn deletecollection into a deletion by name', () => {
    const line = 'DELETE /api/v1/namespaces/x/pods?fieldSelector=metadata.name%3Dweb';
    expect(infoOf(line)).toMatchObject({ verb: 'deletecollection', name: '' });
  });

  for (const selector of [
    'metadata.name!=web',
    'spec.nodeName=web',
    'metadata.name=a/b',
    'metadata.name=a%b',
    'metadata.name=.',
    'metadata.name=..',
    '=,=x',
  ]) {
    it(`is not there in ${selector}`, () => {
      const line = `GET /api/v1/pods?fieldSelector=${encodeURIComponent(selector)}`;
      expect(infoOf(line)).toMatchObject({ verb: 'list', name: '' });
    });
  }
});

describe('requestInfo, any path', () => {
  const part = fc.stringMatching(/^[a-z0-9.-]{1,8}$/);
  property(
    'reads back what a path was made of',
    fc.record({ group: part, namespace: part, resource: part, name: part, subresource: part }),
    ({ group, namespace, resource, name, subresource }) => {
      fc.pre(!['status', 'finalize'].includes(resource));
      const path = `/apis/${group}/v1/namespaces/${namespace}/${resource}/${name}/${subresource}`;
      expect(infoOf(`GET ${path}`)).toMatchObject({
        apiGroup: group,
        apiVersion: 'v1',
        namespace,
        resource,
        name,
        subresource,
        rest: '',
      });
    },
  );
});

const all = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];
const pods: Served = {
  namespaced: true,
  verbs: all,
  subresources: new Map([
    ['status', ['get', 'update', 'patch']],
    ['proxy', ['get', 'create']],
    ['binding', ['create']],
  ]),
};
const nodes: Served = { namespaced: false, verbs: all, subresources: new Map() };
const namespaces: Served = {
  namespaced: false,
  verbs: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'],
  subresources: new Map([['status', ['get', 'update', 'patch']]]),
};

describe('checkServed', () => {
  it.core('lets through what is served', () => {
    for (const line of [
      'GET /api/v1/pods',
      'GET /api/v1/pods?watch=true',
      'GET /api/v1/namespaces/x/pods',
      'POST /api/v1/namespaces/x/pods',
      'DELETE /api/v1/namespaces/x/pods',
      'PUT /api/v1/namespaces/x/pods/p/status',
      'GET /api/v1/namespaces/x/pods/p/proxy/a/b',
      'GET /api/v1/pods?fieldSelector=metadata.name%3Dp',
    ]) {
      expect(() => checkServed(infoOf(line), pods)).not.toThrow();
    }
  });

  it.core('says 404 of what there is not', () => {
    expect(() => checkServed(infoOf('GET /api/v1/frobs'), undefined)).toThrow(
      expect.objectContaining({
        code: 404,
        reason: 'NotFound',
        message: 'the server could not find the requested resource',
        details: {},
      }),
    );
  });

  it.core('says 405 of a verb that a resource has not', () => {
    expect(() => checkServed(infoOf('DELETE /api/v1/namespaces'), namespaces)).toThrow(
      expect.objectContaining({
        code: 405,
        reason: 'MethodNotAllowed',
        message: 'deletecollection is not supported on resources of kind "namespaces"',
      }),
    );
  });

  const notThere: [line: string, served: Served][] = [
    ['GET /api/v1/namespaces/x/pods/p/frob', pods],
    ['GET /api/v1/namespaces/x/pods/p/status/more', pods],
    ['GET /api/v1/pods/p', pods],
    ['DELETE /api/v1/pods/p', pods],
    ['PUT /api/v1/pods/p/status', pods],
    ['GET /api/v1/namespaces/x/nodes', nodes],
    ['GET /api/v1/namespaces/x/nodes/a', nodes],
  ];
  for (const [line, served] of notThere) {
    it(`says 404 of ${line}`, () => {
      expect(() => checkServed(infoOf(line), served)).toThrow(
        expect.objectContaining({ code: 404, reason: 'NotFound' }),
      );
    });
  }

  const notAllowed: [line: string, served: Served, message: string][] = [
    ['POST /api/v1/pods', pods, 'create is not supported on resources of kind "pods"'],
    ['DELETE /api/v1/pods', pods, 'deletecollection is not supported on resources of kind "pods"'],
    [
      'DELETE /api/v1/namespaces/x/pods/p/status',
      pods,
      'delete is not supported on resources of kind "pods"',
    ],
    [
      'GET /api/v1/namespaces/x/pods/p/binding',
      pods,
      'get is not supported on resources of kind "pods"',
    ],
    [
      'POST /apis/apps/v1/deployments',
      pods,
      'create is not supported on resources of kind "deployments.apps"',
    ],
  ];
  for (const [line, served, message] of notAllowed) {
    it(`says 405 of ${line}`, () => {
      expect(() => checkServed(infoOf(line), served)).toThrow(
        expect.objectContaining({ code: 405, message }),
      );
    });
  }

  it('knows that a namespace is in none', () => {
    expect(() => checkServed(infoOf('GET /api/v1/namespaces/x'), namespaces)).not.toThrow();
    expect(() => checkServed(infoOf('PUT /api/v1/namespaces/x/status'), namespaces)).not.toThrow();
    expect(() => checkServed(infoOf('POST /api/v1/namespaces'), namespaces)).not.toThrow();
  });
});
