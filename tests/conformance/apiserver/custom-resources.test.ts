/** Kinds that a CustomResourceDefinition adds. */

import { afterAll, expect } from 'vitest';
import { causesOf, describeApiServer, expectRefusal, type Target } from './target.ts';

const merge = { type: 'application/merge-patch+json' };

const schema = {
  openAPIV3Schema: {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        required: ['size'],
        properties: {
          size: { type: 'integer', minimum: 1 },
          colour: { type: 'string', enum: ['red', 'blue'], default: 'red' },
          free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        },
        'x-kubernetes-validations': [
          { rule: 'self.size < 100 || self.colour == "blue"', message: 'what is large is blue' },
        ],
      },
      status: { type: 'object', properties: { size: { type: 'integer' } } },
    },
  },
};

/** A group of this run alone, for definitions are the whole cluster's. */
const groupOf = ({ namespace }: Target) => `${namespace}.example.com`;

function definition(target: Target) {
  const group = groupOf(target);
  return {
    metadata: { name: `widgets.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget', shortNames: ['wd'] },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema,
          subresources: {
            status: {},
            scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' },
          },
          additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }],
        },
      ],
    },
  };
}

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

function widgets(target: Target, name?: string): string {
  return `${groupOf(target)}/v1/widgets${name === undefined ? '' : `/${name}`}`;
}

function widget(target: Target, name: string, spec: object) {
  return { apiVersion: `${groupOf(target)}/v1`, kind: 'Widget', metadata: { name }, spec };
}

describeApiServer('custom resources', (it) => {
  let made: Target | undefined;

  it('are served soon after their definition was created', async (target) => {
    made = target;
    const created = await target.ask('POST', DEFINITIONS, definition(target));
    expect([created.status, created.at('kind')]).toEqual([201, 'CustomResourceDefinition']);
    const one = `${DEFINITIONS}/${created.name}`;
    const established = async () => {
      const conditions = (await target.ask('GET', one)).at('status.conditions');
      return (conditions ?? []) as { type: string; status: string }[];
    };
    await expect
      .poll(established, { timeout: 10_000 })
      .toContainEqual(expect.objectContaining({ type: 'Established', status: 'True' }));
    await expect
      .poll(async () => (await target.ask('GET', widgets(target))).status, { timeout: 10_000 })
      .toBe(200);
    expect((await target.ask('GET', one)).body).toMatchObject({
      spec: { names: { listKind: 'WidgetList' }, conversion: { strategy: 'None' } },
      status: { acceptedNames: { kind: 'Widget' }, storedVersions: ['v1'] },
    });
    await expect
      .poll(async () => (await target.ask('GET', `/apis/${groupOf(target)}/v1`)).at('resources'), {
        timeout: 10_000,
      })
      .toMatchObject(
        [{ name: 'widgets', kind: 'Widget' }, { name: 'widgets/status' }, { name: 'widgets/scale' }]
          .sort((a, b) => a.name.localeCompare(b.name))
          .map((row) => expect.objectContaining(row)),
      );
  });

  it('get defaults and lose what the schema does not know', async (target) => {
    const { ask, name } = target;
    const answer = await ask(
      'POST',
      `${widgets(target)}?fieldValidation=Ignore`,
      widget(target, name(), { size: 1, odd: 1, free: { odd: [1] } }),
    );
    expect([answer.status, answer.at('spec')]).toEqual([
      201,
      { size: 1, colour: 'red', free: { odd: [1] } },
    ]);
  });

  it('are refused with the field’s path', async (target) => {
    const { ask, name } = target;
    const refusals = [
      [
        { size: 0 },
        'FieldValueInvalid spec.size',
        'spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1',
      ],
      [{}, 'FieldValueRequired spec.size', 'spec.size: Required value'],
      [
        { size: 1, colour: 'green' },
        'FieldValueNotSupported spec.colour',
        'spec.colour: Unsupported value: "green": supported values: "red", "blue"',
      ],
      [
        { size: 'x' },
        'FieldValueTypeInvalid spec.size',
        'spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"',
      ],
      [
        { size: 100 },
        'FieldValueInvalid spec',
        'spec: Invalid value: ("object"|\\{.*\\}): what is large is blue',
      ],
    ] as const;
    for (const [spec, cause, message] of refusals) {
      const answer = await ask('POST', widgets(target), widget(target, name(), spec));
      expectRefusal(answer, 422, 'Invalid', new RegExp(message));
      expect(causesOf(answer)).toContain(cause);
    }
  });

  it('have status and scale of their own', async (target) => {
    const { done, name } = target;
    const own = name();
    const path = widgets(target, own);
    await done('POST', widgets(target), {
      ...widget(target, own, { size: 2 }),
      status: { size: 9 },
    });
    const status = await done(
      'PATCH',
      `${path}/status`,
      { spec: { size: 3 }, status: { size: 1 } },
      merge,
    );
    expect([status.at('spec.size'), status.at('status'), status.at('metadata.generation')]).toEqual(
      [2, { size: 1 }, 1],
    );
    const scaled = await done('PATCH', `${path}/scale`, { spec: { replicas: 5 } }, merge);
    expect(scaled.body).toMatchObject({
      kind: 'Scale',
      spec: { replicas: 5 },
      status: { replicas: 1 },
    });
    const now = await done('GET', path);
    expect([now.at('spec.size'), now.at('metadata.generation')]).toEqual([5, 2]);
  });

  it('show their columns', async (target) => {
    const accept = 'application/json;as=Table;g=meta.k8s.io;v=v1';
    const table = await target.done('GET', widgets(target), undefined, { headers: { accept } });
    expect(table.at('columnDefinitions')).toMatchObject([
      { name: 'Name' },
      { name: 'Size', type: 'integer' },
    ]);
  });

  it('are watched, patched and applied as all objects are', async (target) => {
    const { done, watch, ask, name } = target;
    const own = name();
    const { version } = await done('GET', widgets(target));
    const watching = await watch(`${widgets(target)}?watch=1&resourceVersion=${version}`);
    const applied = await done(
      'PATCH',
      `${widgets(target, own)}?fieldManager=me`,
      widget(target, own, { size: 4 }),
      { type: 'application/apply-patch+yaml' },
    );
    expect(applied.status).toBe(201);
    await done('PATCH', widgets(target, own), [{ op: 'replace', path: '/spec/size', value: 5 }], {
      type: 'application/json-patch+json',
    });
    await done('DELETE', widgets(target, own));
    expect(await watching.take(3)).toEqual([`ADDED ${own}`, `MODIFIED ${own}`, `DELETED ${own}`]);
    watching.end();
    const strategic = await ask(
      'PATCH',
      widgets(target, own),
      {},
      { type: 'application/strategic-merge-patch+json' },
    );
    expectRefusal(
      strategic,
      415,
      'UnsupportedMediaType',
      'the body of the request was in an unknown format',
    );
  });

  it('refuse a definition that is none', async (target) => {
    const { spec } = definition(target);
    const wrong = { metadata: { name: 'other.name' }, spec };
    expectRefusal(
      await target.ask('POST', DEFINITIONS, wrong),
      422,
      'Invalid',
      `metadata.name: Invalid value: "other.name": must be spec.names.plural\\+"."\\+spec.group`,
    );
  });

  it('go with their definition', async (target) => {
    made = undefined;
    const { ask, done, name } = target;
    await done('POST', widgets(target), widget(target, name(), { size: 1 }));
    await done('DELETE', `${DEFINITIONS}/${definition(target).metadata.name}`);
    await expect
      .poll(async () => (await ask('GET', widgets(target))).status, { timeout: 15_000 })
      .toBe(404);
    await expect
      .poll(
        async () => (await ask('GET', `${DEFINITIONS}/${definition(target).metadata.name}`)).status,
        { timeout: 15_000 },
      )
      .toBe(404);
  });

  // A test that failed leaves the definition; it would stay for good where the server is not ours.
  afterAll(async () => {
    await made?.ask('DELETE', `${DEFINITIONS}/${definition(made).metadata.name}`);
  });
});
