/** What the cluster's DNS knows, and what it answers. Given: the types. */

/** A port of a Service, or of an endpoint. */
export interface DnsPort {
  /** `''` where it has none. */
  readonly name: string;
  /** `tcp`, `udp` or `sctp` */
  readonly protocol: string;
  readonly port: number;
}

/** A Service as names need it. */
export interface DnsService {
  readonly namespace: string;
  readonly name: string;
  /** Its cluster IPs; none for one without (`clusterIP: None`), and for an ExternalName. */
  readonly clusterIPs: readonly string[];
  /** Only of the type ExternalName; without a dot at the end. */
  readonly externalName?: string;
  readonly ports: readonly DnsPort[];
}

/** An address behind a Service, ready to be told. */
export interface DnsEndpoint {
  readonly ip: string;
  /** What the pod is called (`db-0` of a StatefulSet); `''` where it has no name of its own. */
  readonly hostname: string;
  readonly ports: readonly DnsPort[];
}

/** What there is at a moment. */
export interface DnsView {
  hasNamespace(namespace: string): boolean;
  service(namespace: string, name: string): DnsService | undefined;
  /** In a fixed order, no address twice. */
  endpoints(namespace: string, name: string): readonly DnsEndpoint[];
  /** The Service whose cluster IP it is. */
  serviceAt(ip: string): DnsService | undefined;
  /** The endpoints with this address, each with its Service. */
  endpointsAt(
    ip: string,
  ): readonly { readonly service: DnsService; readonly endpoint: DnsEndpoint }[];
}

/** What is asked. */
export interface DnsQuestion {
  /** Without a dot at the end; case does not count. */
  readonly name: string;
  /** `A`, `AAAA`, `SRV`, `PTR`, `CNAME`, `TXT`; any other is asked for in vain. */
  readonly type: string;
}

/** What is told; names without a dot at the end. */
export type DnsRecord =
  | { readonly name: string; readonly type: 'A' | 'AAAA'; readonly data: string }
  | { readonly name: string; readonly type: 'CNAME' | 'PTR' | 'TXT'; readonly data: string }
  | {
      readonly name: string;
      readonly type: 'SRV';
      readonly data: {
        readonly priority: number;
        readonly weight: number;
        readonly port: number;
        readonly target: string;
      };
    };

/** An answer. */
export interface DnsAnswer {
  /** NOERROR: there is the name, with or without such records; NXDOMAIN: there is none; REFUSED: somebody else's. */
  readonly code: 'NOERROR' | 'NXDOMAIN' | 'REFUSED';
  readonly answers: readonly DnsRecord[];
  /** What one would ask next: the addresses of SRV records' targets. */
  readonly additionals: readonly DnsRecord[];
}
