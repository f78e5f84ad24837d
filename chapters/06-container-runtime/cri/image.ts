/** CRI messages about images. Given. */

import type { PodSandboxConfig } from './sandbox.ts';
import type { FilesystemUsage } from './stats.ts';
import type { Int64Value, StringMap } from './values.ts';

export interface ImageSpec {
  /** A reference or an image's id. */
  readonly image: string;
  readonly annotations?: StringMap;
  /** What the pod says, where `image` is what it was resolved to. */
  readonly userSpecifiedImage?: string;
  readonly runtimeHandler?: string;
  readonly imageRef?: string;
}

export interface Image {
  /** `sha256:…`, of the image's configuration. */
  readonly id: string;
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
  /** Bytes. */
  readonly size: number;
  /** The image's own user, when it is a number. */
  readonly uid?: Int64Value;
  /** The image's own user, when it is a name. */
  readonly username: string;
  readonly spec?: ImageSpec;
  /** Should not be collected. */
  readonly pinned: boolean;
}

export interface ListImagesRequest {
  readonly filter?: { readonly image?: ImageSpec };
}
export interface ListImagesResponse {
  readonly images: readonly Image[];
}
export interface ImageStatusRequest {
  readonly image: ImageSpec;
  readonly verbose?: boolean;
}
export interface ImageStatusResponse {
  /** Absent when there is no such image. */
  readonly image?: Image;
  readonly info: StringMap;
}

export interface AuthConfig {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly serverAddress?: string;
  readonly identityToken?: string;
  readonly registryToken?: string;
}
export interface PullImageRequest {
  readonly image: ImageSpec;
  readonly auth?: AuthConfig;
  readonly sandboxConfig?: PodSandboxConfig;
}
export interface PullImageResponse {
  /** The image's id. */
  readonly imageRef: string;
}
export interface RemoveImageRequest {
  readonly image: ImageSpec;
}
export interface ImageFsInfoResponse {
  readonly imageFilesystems: readonly FilesystemUsage[];
  readonly containerFilesystems: readonly FilesystemUsage[];
}
