/** What a cluster is to be. Given. */

/** A machine of the cluster. */
export interface NodeShape {
  /** `node-1` */
  readonly name: string;
  /** Where it is reached: `127.0.0.1`. */
  readonly ip: string;
}

/** What is decided before anything runs. */
export interface ClusterShape {
  /** Where the API server is reached: `https://127.0.0.1:6443`. */
  readonly server: string;
  /** The first address of the range for Services, which is the API server's own: `10.96.0.1`. */
  readonly serviceIp: string;
  /** `cluster.local` */
  readonly domain: string;
  readonly nodes: readonly NodeShape[];
}

/** The name or the address in `server`: `https://[fd00::1]:6443` is `fd00::1`. */
export function serverHost({ server }: Pick<ClusterShape, 'server'>): string {
  return new URL(server).hostname.replace(/^\[(.*)\]$/, '$1');
}
