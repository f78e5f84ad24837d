/** CRI messages about the runtime itself. Given. */

import type { StringMap } from './values.ts';

export interface VersionRequest {
  readonly version?: string;
}
export interface VersionResponse {
  readonly version: string;
  readonly runtimeName: string;
  readonly runtimeVersion: string;
  readonly runtimeApiVersion: string;
}

export interface RuntimeCondition {
  /** `RuntimeReady` or `NetworkReady`. */
  readonly type: string;
  readonly status: boolean;
  readonly reason: string;
  readonly message: string;
}
export interface RuntimeHandler {
  /** Empty for the default one. */
  readonly name: string;
  readonly features?: {
    readonly recursiveReadOnlyMounts: boolean;
    readonly userNamespaces: boolean;
  };
}
export interface StatusRequest {
  readonly verbose?: boolean;
}
export interface StatusResponse {
  readonly status?: { readonly conditions: readonly RuntimeCondition[] };
  readonly info: StringMap;
  readonly runtimeHandlers: readonly RuntimeHandler[];
  readonly features?: { readonly supplementalGroupsPolicy: boolean };
}

export interface UpdateRuntimeConfigRequest {
  /** `podCidr`: where the addresses of sandboxes come from; several ranges with commas. */
  readonly runtimeConfig?: { readonly networkConfig?: { readonly podCidr?: string } };
}
export interface RuntimeConfigResponse {
  readonly linux?: { readonly cgroupDriver: 'SYSTEMD' | 'CGROUPFS' };
}
