/**
 * A kind of one's own: a `Website` is an image that is served at an address. Given: its definition.
 *
 * ```yaml
 * apiVersion: example.com/v1
 * kind: Website
 * metadata: {name: blog, namespace: default}
 * spec: {image: nginx, replicas: 2, port: 80}
 * ```
 */

import type { CustomResourceDefinition } from 'kubernetes-types/apiextensions/v1.js';
import type { KubernetesObject } from '#apimachinery';
import type { ResourceType } from '#client';

/** What somebody wants. The API server fills in what is left out. */
export interface WebsiteSpec {
  readonly image: string;
  /** 0 and more. */
  readonly replicas: number;
  /** Where the containers listen; the Service answers at 80. */
  readonly port: number;
}

/** What there is. */
export interface WebsiteStatus {
  readonly observedGeneration?: number;
  readonly readyReplicas?: number;
  /** `http://blog.default.svc` */
  readonly url?: string;
  readonly conditions?: readonly WebsiteCondition[];
}

export interface WebsiteCondition {
  readonly type: 'Ready';
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
  /** When `status` became what it is. */
  readonly lastTransitionTime: string;
}

export interface Website extends KubernetesObject {
  readonly spec: WebsiteSpec;
  readonly status?: WebsiteStatus;
}

/** Where a Website is reached inside the cluster: `http://blog.default.svc`. */
export function websiteUrl({ metadata }: Website): string {
  return `http://${metadata?.name}.${metadata?.namespace}.svc`;
}

export const WEBSITES: ResourceType<Website> = {
  group: 'example.com',
  version: 'v1',
  resource: 'websites',
  kind: 'Website',
  namespaced: true,
};

/** Holds a Website until its entry in the directory is gone. */
export const WEBSITE_FINALIZER = 'example.com/directory';
/** The ConfigMap of each namespace that tells where its Websites are: one key for each, its URL. */
export const DIRECTORY = 'website-directory';

/** What makes an API server serve Websites. */
export const WEBSITE_DEFINITION: CustomResourceDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'websites.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'websites', singular: 'website', kind: 'Website', shortNames: ['web'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: [
          { name: 'Image', type: 'string', jsonPath: '.spec.image' },
          { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas' },
          { name: 'Ready', type: 'integer', jsonPath: '.status.readyReplicas' },
          { name: 'URL', type: 'string', jsonPath: '.status.url' },
        ],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            required: ['spec'],
            properties: {
              spec: {
                type: 'object',
                required: ['image'],
                properties: {
                  image: { type: 'string', minLength: 1 },
                  replicas: { type: 'integer', minimum: 0, default: 1 },
                  port: { type: 'integer', minimum: 1, maximum: 65_535, default: 80 },
                },
              },
              status: {
                type: 'object',
                properties: {
                  observedGeneration: { type: 'integer' },
                  readyReplicas: { type: 'integer' },
                  url: { type: 'string' },
                  conditions: {
                    type: 'array',
                    items: {
                      type: 'object',
                      required: ['type', 'status'],
                      properties: {
                        type: { type: 'string' },
                        status: { type: 'string' },
                        reason: { type: 'string' },
                        message: { type: 'string' },
                        lastTransitionTime: { type: 'string', format: 'date-time' },
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    ],
  },
};
