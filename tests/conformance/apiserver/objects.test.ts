/** The life of objects: create, read, update, list, delete. */

import { describe, expect } from 'vitest';
import { causesOf, describeApiServer, expectRefusal } from './target.ts';

describeApiServer('objects', (it) => {
  describe('create', () => {
    it('answers 201 with the object and what the server knows of it', async ({
      ask,
      name,
      namespace,
    }) => {
      const own = name();
      const answer = await ask('POST', 'configmaps', {
        metadata: { name: own, labels: { a: 'b' }, uid: 'mine', generation: 7 },
        data: { k: 'v' },
      });
      expect([answer.status, answer.body]).toMatchObject([
        201,
        {
          kind: 'ConfigMap',
          apiVersion: 'v1',
          metadata: {
            name: own,
            namespace,
            uid: expect.stringMatching(/^[\da-f]{8}-([\da-f]{4}-){3}[\da-f]{12}$/),
            resourceVersion: expect.stringMatching(/^[1-9]\d*$/),
            creationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
            labels: { a: 'b' },
            managedFields: [{ operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1' }],
          },
          data: { k: 'v' },
        },
      ]);
      expect(answer.at('metadata')).not.toHaveProperty('generation');
      expect((await ask('GET', `configmaps/${own}`)).body).toEqual(answer.body);
    });

    it('makes a name from a beginning', async ({ done }) => {
      const post = () => done('POST', 'configmaps', { metadata: { generateName: 'made-' } });
      const [one, other] = [await post(), await post()];
      expect(one.name).toMatch(/^made-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
      expect(other.name).not.toBe(one.name);
    });

    it('refuses a name that is taken', async ({ ask, configMap }) => {
      const { name } = await configMap();
      const answer = await ask('POST', 'configmaps', { metadata: { name } });
      expectRefusal(answer, 409, 'AlreadyExists', `^configmaps "${name}" already exists$`);
    });

    it('refuses a name that is none', async ({ ask }) => {
      const answer = await ask('POST', 'configmaps', { metadata: { name: 'Bad_Name' } });
      expectRefusal(
        answer,
        422,
        'Invalid',
        '^ConfigMap "Bad_Name" is invalid: metadata.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain',
      );
      expect(causesOf(answer)).toEqual(['FieldValueInvalid metadata.name']);
    });

    it('refuses a version', async ({ ask, name }) => {
      const metadata = { name: name(), resourceVersion: '5' };
      const answer = await ask('POST', 'configmaps', { metadata });
      expectRefusal(
        answer,
        400,
        'BadRequest',
        'resourceVersion should not be set on objects to be created',
      );
    });
  });

  describe('update', () => {
    it('moves the version on', async ({ done, configMap }) => {
      const made = await configMap();
      const updated = await done('PUT', `configmaps/${made.name}`, {
        ...made.body,
        data: { k: '1' },
      });
      expect(Number(updated.version)).toBeGreaterThan(Number(made.version));
      expect(updated.at('metadata.uid')).toBe(made.at('metadata.uid'));
    });

    it('is no write when nothing changes', async ({ done, configMap }) => {
      const made = await configMap({ data: { k: '1' } });
      expect((await done('PUT', `configmaps/${made.name}`, made.body)).version).toBe(made.version);
    });

    it('is refused for a version that is not the newest', async ({ ask, done, configMap }) => {
      const made = await configMap();
      await done('PUT', `configmaps/${made.name}`, { ...made.body, data: { k: '1' } });
      const late = await ask('PUT', `configmaps/${made.name}`, { ...made.body, data: { k: '2' } });
      expectRefusal(
        late,
        409,
        'Conflict',
        `^Operation cannot be fulfilled on configmaps "${made.name}": the object has been modified; please apply your changes to the latest version and try again$`,
      );
    });

    it('needs no version', async ({ done, configMap }) => {
      const { name } = await configMap({ data: { k: '1' } });
      const updated = await done('PUT', `configmaps/${name}`, {
        metadata: { name },
        data: { k: '2' },
      });
      expect(updated.at('data')).toEqual({ k: '2' });
    });

    it('makes nothing that was not there', async ({ ask }) => {
      const answer = await ask('PUT', 'configmaps/nope', { metadata: { name: 'nope' } });
      expectRefusal(answer, 404, 'NotFound', 'configmaps "nope" not found');
    });

    it('keeps what may not change', async ({ ask, configMap }) => {
      const { name } = await configMap();
      const answer = await ask('PUT', `configmaps/${name}`, { metadata: { name, uid: 'other' } });
      expectRefusal(
        answer,
        409,
        'Conflict',
        'Precondition failed: UID in precondition: other, UID in object meta: ',
      );
    });

    it('refuses to change what is immutable', async ({ ask, done, name }) => {
      const own = name();
      const made = await done('POST', 'configmaps', {
        metadata: { name: own },
        data: { k: '1' },
        immutable: true,
      });
      const answer = await ask('PUT', `configmaps/${own}`, { ...made.body, data: { k: '2' } });
      expectRefusal(
        answer,
        422,
        'Invalid',
        'data: Forbidden: field is immutable when `immutable` is set',
      );
    });
  });

  describe('list', () => {
    it('has a version and items without their kind', async ({ ask, configMap }) => {
      const { name } = await configMap({ metadata: { labels: { list: 'a' } } });
      const answer = await ask('GET', 'configmaps?labelSelector=list%3Da');
      expect(answer.body).toMatchObject({
        kind: 'ConfigMapList',
        apiVersion: 'v1',
        metadata: { resourceVersion: expect.stringMatching(/^\d+$/) },
      });
      expect(answer.names).toEqual([name]);
      expect(answer.at('items.0')).not.toHaveProperty('kind');
    });

    it.each(
      [
        ['a value', 'labelSelector=sel%3Da', ['one']],
        ['a value it must not have', 'labelSelector=sel,sel%21%3Da', ['three', 'two']],
        ['a set', 'labelSelector=sel in (a,c)', ['one', 'three']],
        ['a label that is missing', 'labelSelector=sel,!extra', ['one', 'three']],
        ['a name', 'fieldSelector=metadata.name%3Dtwo', ['two']],
        ['both', 'labelSelector=sel%3Db&fieldSelector=metadata.name%21%3Dtwo', []],
      ] as const,
      'selects by %s',
      async ({ ask, configMap, done }, [, query, expected]) => {
        const rows = [
          ['one', { sel: 'a' }],
          ['two', { sel: 'b', extra: 'x' }],
          ['three', { sel: 'c' }],
        ] as const;
        for (const [name, labels] of rows) await configMap({ metadata: { name, labels } });
        const answer = await ask('GET', `configmaps?${query.replaceAll(' ', '%20')}`);
        expect(answer.names).toEqual(expected);
        for (const [name] of rows) await done('DELETE', `configmaps/${name}`);
      },
    );

    it('comes in pages of one moment', async ({ ask, done, configMap }) => {
      const labels = { pages: 'a' };
      for (const name of ['p1', 'p2', 'p3', 'p4', 'p5'])
        await configMap({ metadata: { name, labels } });
      const page = (more: string) =>
        ask('GET', `configmaps?labelSelector=pages%3Da&limit=2${more}`);
      const first = await page('');
      await configMap({ metadata: { name: 'p0', labels } });
      await configMap({ metadata: { name: 'p6', labels } });
      await done('DELETE', 'configmaps/p5');
      const names = [...first.names];
      let token = first.at('metadata.continue');
      for (let pages = 1; token; pages += 1) {
        if (pages > 5) throw new Error('there is no end to it');
        const next = await page(`&continue=${encodeURIComponent(String(token))}`);
        expect(next.version).toBe(first.version);
        names.push(...next.names);
        token = next.at('metadata.continue');
      }
      expect(names).toEqual(['p1', 'p2', 'p3', 'p4', 'p5']);
    });

    it('says how many are left, unless a selector makes that a guess', async ({ ask }) => {
      const all = await ask('GET', '/api/v1/namespaces?limit=1');
      const { items } = (await ask('GET', '/api/v1/namespaces')).body as { items: unknown[] };
      expect(
        Math.abs(Number(all.at('metadata.remainingItemCount')) - items.length + 1),
      ).toBeLessThan(20);
      const some = await ask(
        'GET',
        '/api/v1/namespaces?limit=1&labelSelector=kubernetes.io/metadata.name',
      );
      expect(some.at('metadata.continue')).toEqual(expect.any(String));
      expect(some.at('metadata')).not.toHaveProperty('remainingItemCount');
    });

    it('refuses a token that is none', async ({ ask }) => {
      const answer = await ask('GET', 'configmaps?limit=1&continue=nonsense');
      expectRefusal(answer, 400, 'BadRequest', 'continue key is not valid');
    });

    it('is as old as it was asked to be', async ({ ask, done, configMap }) => {
      const labels = { exact: 'a' };
      const { name, version } = await configMap({ metadata: { labels } });
      await done('DELETE', `configmaps/${name}`);
      const at = (match: string) =>
        ask(
          'GET',
          `configmaps?labelSelector=exact%3Da&resourceVersion=${version}&resourceVersionMatch=${match}`,
        );
      expect((await at('Exact')).names).toEqual([name]);
      expect((await at('Exact')).version).toBe(version);
      const newer = await at('NotOlderThan');
      expect([newer.status, Number(newer.version) >= Number(version)]).toEqual([200, true]);
      expectRefusal(
        await ask('GET', 'configmaps?resourceVersionMatch=Exact'),
        422,
        'Invalid',
        'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
      );
    });

    it('goes over all namespaces', async ({ ask, configMap, namespace }) => {
      const { name } = await configMap({ metadata: { labels: { everywhere: namespace } } });
      const answer = await ask('GET', `/api/v1/configmaps?labelSelector=everywhere%3D${namespace}`);
      expect(answer.names).toEqual([name]);
    });
  });

  describe('delete', () => {
    it('answers with a Status, and the object is gone', async ({ ask, configMap }) => {
      const { name, at, ...made } = await configMap().then((answer) => ({
        name: answer.name,
        at: answer.at('metadata.uid'),
      }));
      expect(made).toEqual({});
      const { status, body } = await ask('DELETE', `configmaps/${name}`);
      expect([status, body]).toMatchObject([
        200,
        { kind: 'Status', status: 'Success', details: { name, kind: 'configmaps', uid: at } },
      ]);
      expectRefusal(await ask('GET', `configmaps/${name}`), 404, 'NotFound', name);
      expectRefusal(await ask('DELETE', `configmaps/${name}`), 404, 'NotFound', name);
    });

    it('waits for finalizers, and ends with the last of them', async ({ ask, done, configMap }) => {
      const { name, body } = await configMap({ metadata: { finalizers: ['example.com/hold'] } });
      const marked = await done('DELETE', `configmaps/${name}`);
      expect(marked.body).toMatchObject({
        kind: 'ConfigMap',
        metadata: { deletionTimestamp: expect.any(String), finalizers: ['example.com/hold'] },
      });
      const again = await done('DELETE', `configmaps/${name}`);
      expect(again.at('metadata.deletionTimestamp')).toBe(marked.at('metadata.deletionTimestamp'));
      const more = {
        ...body,
        metadata: { name, finalizers: ['example.com/hold', 'example.com/more'] },
      };
      expectRefusal(
        await ask('PUT', `configmaps/${name}`, more),
        422,
        'Invalid',
        'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted',
      );
      await done('PUT', `configmaps/${name}`, { metadata: { name, finalizers: [] } });
      expect((await ask('GET', `configmaps/${name}`)).status).toBe(404);
    });

    it('is refused when a precondition does not hold', async ({ ask, done, configMap }) => {
      const made = await configMap();
      const { name, version } = made;
      const remove = (preconditions: object) =>
        ask('DELETE', `configmaps/${name}`, { preconditions });
      expectRefusal(
        await remove({ uid: 'other' }),
        409,
        'Conflict',
        `the UID in the precondition \\(other\\) does not match the UID in record \\(${made.at('metadata.uid')}\\)`,
      );
      await done('PUT', `configmaps/${name}`, { metadata: { name }, data: { k: '1' } });
      expectRefusal(
        await remove({ resourceVersion: version }),
        409,
        'Conflict',
        `the ResourceVersion in the precondition \\(${version}\\) does not match the ResourceVersion in record `,
      );
      expect((await remove({ uid: made.at('metadata.uid') })).status).toBe(200);
    });

    it('takes all that a selector names', async ({ ask, done, configMap }) => {
      for (const labels of [{ many: 'a' }, { many: 'a' }, { many: 'b' }])
        await configMap({ metadata: { labels } });
      await done('DELETE', 'configmaps?labelSelector=many%3Da');
      expect((await ask('GET', 'configmaps?labelSelector=many')).names).toHaveLength(1);
    });

    it('of an owner leaves a mark when dependents must go first or stay', async ({
      done,
      configMap,
    }) => {
      for (const [propagationPolicy, finalizer] of [
        ['Foreground', 'foregroundDeletion'],
        ['Orphan', 'orphan'],
      ]) {
        const { name } = await configMap({ metadata: { finalizers: ['example.com/hold'] } });
        const marked = await done('DELETE', `configmaps/${name}`, { propagationPolicy });
        expect(marked.at('metadata.finalizers')).toContain(finalizer);
        await done('PUT', `configmaps/${name}`, { metadata: { name, finalizers: [] } });
      }
    });

    it('of a pod is graceful', async ({ ask, done, name }) => {
      const own = name();
      await done('POST', 'pods', {
        metadata: { name: own, finalizers: ['example.com/hold'] },
        spec: { schedulerName: 'nobody', containers: [{ name: 'c', image: 'i' }] },
      });
      await done(
        'PATCH',
        `pods/${own}`,
        { metadata: { finalizers: [] } },
        { type: 'application/merge-patch+json' },
      );
      // It has no node where anything would have to end first.
      await done('DELETE', `pods/${own}`);
      expect((await ask('GET', `pods/${own}`)).status).toBe(404);
    });
  });

  describe('dry run', () => {
    it('answers as if, and writes nothing', async ({ ask, done, configMap, name }) => {
      const own = name();
      const created = await ask('POST', 'configmaps?dryRun=All', { metadata: { name: own } });
      expect([created.status, created.at('metadata.uid')]).toEqual([201, expect.any(String)]);
      expect((await ask('GET', `configmaps/${own}`)).status).toBe(404);

      const made = await configMap({ data: { k: '1' } });
      const one = `configmaps/${made.name}?dryRun=All`;
      const updated = await done('PUT', one, { ...made.body, data: { k: '2' } });
      expect(updated.at('data.k')).toBe('2');
      await done('DELETE', one);
      expect((await done('GET', `configmaps/${made.name}`)).body).toEqual(made.body);
    });

    it('refuses any other word for it', async ({ ask, name }) => {
      const answer = await ask('POST', 'configmaps?dryRun=Some', { metadata: { name: name() } });
      expectRefusal(
        answer,
        422,
        'Invalid',
        'dryRun: Unsupported value: .*"Some".*: supported values: "All"',
      );
    });
  });

  describe('fields that the kind does not have', () => {
    const unknown = 'unknown field "datta"';
    const post = { datta: { a: 'b' } };

    it('are refused under Strict', async ({ ask, name }) => {
      const answer = await ask('POST', 'configmaps?fieldValidation=Strict', {
        metadata: { name: name() },
        ...post,
      });
      expectRefusal(answer, 400, 'BadRequest', `strict decoding error: ${unknown}`);
    });

    it('are warned of under Warn, and dropped', async ({ done, name }) => {
      const answer = await done('POST', 'configmaps', { metadata: { name: name() }, ...post });
      expect(answer.headers.warning).toBe(`299 - "unknown field \\"datta\\""`);
      expect(answer.body).not.toHaveProperty('datta');
    });

    it('are dropped without a word under Ignore', async ({ done, name }) => {
      const answer = await done('POST', 'configmaps?fieldValidation=Ignore', {
        metadata: { name: name() },
        ...post,
      });
      expect(answer.headers).not.toHaveProperty('warning');
      expect(answer.body).not.toHaveProperty('datta');
    });

    it('are as bad as a field twice', async ({ ask, name }) => {
      const text = `{"metadata":{"name":"${name()}"},"data":{},"data":{}}`;
      const answer = await ask('POST', 'configmaps?fieldValidation=Strict', text);
      expectRefusal(answer, 400, 'BadRequest', 'strict decoding error: duplicate field "data"');
    });
  });
});
