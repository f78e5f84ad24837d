/** What a kubeconfig says, as far as a node that joins must know. Given. */

import type { KeyPair } from '../bootstrap/pki.ts';

/** A cluster as a kubeconfig names it. */
export interface NamedCluster {
  readonly server: string;
  /** Certificates in PEM. */
  readonly authority: string;
}

interface Kubeconfig {
  readonly clusters?: readonly {
    readonly cluster?: { readonly server?: string; readonly 'certificate-authority-data'?: string };
  }[];
  readonly users?: readonly {
    readonly user?: {
      readonly 'client-certificate-data'?: string;
      readonly 'client-key-data'?: string;
    };
  }[];
}

/** @param text - a kubeconfig in JSON @returns its clusters; none when the text is no kubeconfig */
export function clustersIn(text: string): readonly NamedCluster[] {
  return (parse(text).clusters ?? []).map(({ cluster }) => ({
    server: cluster?.server ?? '',
    authority: decode(cluster?.['certificate-authority-data']),
  }));
}

/** @returns the client certificate and key in a kubeconfig of one user; empty texts when there is none */
export function clientIn(text: string): KeyPair {
  const { user } = parse(text).users?.[0] ?? {};
  return {
    certificate: decode(user?.['client-certificate-data']),
    key: decode(user?.['client-key-data']),
  };
}

function parse(text: string): Kubeconfig {
  try {
    return (JSON.parse(text) as Kubeconfig | null) ?? {};
  } catch {
    return {};
  }
}

function decode(data = ''): string {
  try {
    return atob(data);
  } catch {
    return '';
  }
}
