/** Conditions of webhooks in CEL: when they hold, and what comes of those that cannot be worked out. */

import { describe, expect, it } from 'vitest';
import type { AdmissionRequest } from '../../../solutions/02-apiserver/admission/admission.ts';
import {
  conditionsCompile,
  conditionsMatchBy,
} from '../../../solutions/02-apiserver/webhooks/match-conditions.ts';
import { ownForm } from '../../../solutions/02-apiserver/webhooks/request-form.ts';
import type { Webhook } from '../../../solutions/02-apiserver/webhooks/webhook.ts';
import { newCelCompiler } from '../../../solutions/02-apiserver/wire/cel.ts';

const cel = newCelCompiler();
const conditionsMatch = conditionsMatchBy(cel);

const request: AdmissionRequest = {
  operation: 'CREATE',
  kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
  resource: { group: 'apps', version: 'v1', resource: 'deployments' },
  subresource: '',
  namespace: 'shop',
  name: 'web',
  object: {
    kind: 'Deployment',
    apiVersion: 'apps/v1',
    metadata: { name: 'web', namespace: 'shop', labels: { 'app.example.com/team': 'red' } },
    spec: { replicas: 3, template: { spec: { containers: [{ name: 'c', image: 'nginx:1' }] } } },
  },
  oldObject: undefined,
  user: { username: 'jane', groups: ['dev', 'system:authenticated'] },
  dryRun: false,
  options: { kind: 'CreateOptions' },
  warn: () => {},
};

function holds(expressions: string[], failurePolicy = 'Fail'): boolean {
  const matchConditions = expressions.map((expression, i) => ({ name: `c${i}`, expression }));
  const hook = { name: 'w.example.com', failurePolicy, matchConditions } as unknown as Webhook;
  return conditionsMatch(hook, request, ownForm(request));
}

describe('conditionsMatchBy', () => {
  it.each([
    ['true', true],
    ['object.spec.replicas > 2', true],
    ['object.spec.replicas == 3 && object.spec.replicas < 3', false],
    ["request.operation == 'CREATE'", true],
    ["request.namespace == 'shop'", true],
    ["request.resource.group == 'apps' && request.resource.resource == 'deployments'", true],
    ["!('system:nodes' in request.userInfo.groups)", true],
    ["request.userInfo.username.startsWith('j')", true],
    ["object.metadata.labels['app.example.com/team'] == 'red'", true],
    ['has(object.metadata.annotations)', false],
    ['has(object.spec.template.spec.containers[0].image)', true],
    ["object.spec.template.spec.containers.all(c, c.image.contains(':'))", true],
    ['oldObject == null', true],
    ['has(request.subResource)', false],
    ['request.dryRun', false],
  ])('works out %s', (expression, expected) => {
    expect(holds([expression])).toBe(expected);
  });

  it('needs all of them', () => {
    expect(holds(['true', '1 < 2'])).toBe(true);
    expect(holds(['true', '1 > 2'])).toBe(false);
    expect(holds([])).toBe(true);
  });

  it('takes one that is false for an answer, whatever becomes of the others', () => {
    expect(holds(['object.nope == 1', 'false'])).toBe(false);
    expect(holds(['false', 'object.nope == 1'])).toBe(false);
  });

  it('refuses when one cannot be worked out, or passes the webhook over', () => {
    expect(() => holds(['true', 'object.nope == 1'])).toThrow(
      'deployments.apps "web" is forbidden: expression \'object.nope == 1\' resulted in error: no such key: nope',
    );
    expect(holds(['true', 'object.nope == 1'], 'Ignore')).toBe(false);
    expect(() => holds(['object.a == 1', 'object.b == 1'])).toThrow(/forbidden: \[.*, .*\]$/);
  });
});

describe('conditionsCompile', () => {
  const plugin = conditionsCompile(cel);
  const write = (expression: string, before?: string): AdmissionRequest => {
    const configuration = (text: string) => ({
      kind: 'ValidatingWebhookConfiguration',
      apiVersion: 'admissionregistration.k8s.io/v1',
      metadata: { name: 'conf' },
      webhooks: [{ name: 'w', matchConditions: [{ name: 'c', expression: text }] }],
    });
    return {
      ...request,
      operation: before === undefined ? 'CREATE' : 'UPDATE',
      kind: {
        group: 'admissionregistration.k8s.io',
        version: 'v1',
        kind: 'ValidatingWebhookConfiguration',
      },
      object: configuration(expression),
      oldObject: before === undefined ? undefined : configuration(before),
    };
  };

  it('is about configurations of webhooks', () => {
    expect(plugin.handles(write('true'))).toBe(true);
    expect(plugin.handles(request)).toBe(false);
  });

  it('refuses what is no expression, or none that is true or false', async () => {
    const refusal = async (of: AdmissionRequest) => {
      try {
        await plugin.validate?.(of);
        return '';
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(await refusal(write('object.spec.replicas > 2'))).toBe('');
    expect(await refusal(write('1 +'))).toMatch(
      /^ValidatingWebhookConfiguration.admissionregistration.k8s.io "conf" is invalid: webhooks\[0\].matchConditions\[0\].expression: Invalid value: "1 \+": compilation failed: /,
    );
    expect(await refusal(write("'text'"))).toContain('must evaluate to a bool');
    expect(await refusal(write('nobody.knows'))).toContain("undeclared reference to 'nobody'");
    expect(await refusal(write('1 +', '1 +'))).toBe('');
  });
});
