/** What a pod's `imagePullSecrets` say to registries. Given. */

import type { Pod } from '#apimachinery';
import { SECRETS } from '#client';
import type { AuthConfig } from '#container-runtime/cri';
import type { ObjectCache } from '../objects/object-cache.ts';

/** Secrets that are not there, or of another type, are left out. */
export async function pullSecrets(objects: ObjectCache, pod: Pod): Promise<AuthConfig[]> {
  const auths: AuthConfig[] = [];
  for (const { name = '' } of pod.spec?.imagePullSecrets ?? []) {
    const secret = await objects.get(SECRETS, pod.metadata?.namespace ?? '', name);
    const text = secret?.data?.['.dockerconfigjson'];
    if (text === undefined) continue;
    const config = JSON.parse(atob(text)) as { auths?: Record<string, AuthConfig> };
    for (const [serverAddress, { username = '', password = '', auth = '' }] of Object.entries(
      config.auths ?? {},
    )) {
      auths.push({ username, password, auth, serverAddress });
    }
  }
  return auths;
}
