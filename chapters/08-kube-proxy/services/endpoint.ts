/** An address behind a Service's port, from an EndpointSlice. Plain data. */

/**
 * One endpoint of one service port.
 *
 * @see kubernetes 1.33 pkg/proxy/endpoint.go
 */
export interface Endpoint {
  readonly ip: string;
  readonly port: number;
  /** On the node of this proxy. */
  readonly isLocal: boolean;
  /** May get new connections, and its pod is not being deleted. */
  readonly ready: boolean;
  /** Its pod answers, being deleted or not. */
  readonly serving: boolean;
  /** Its pod is being deleted. */
  readonly terminating: boolean;
  /** Zones that should use it; none where the slice gives no hint. */
  readonly zoneHints: readonly string[];
  /** Nodes that should use it; none where the slice gives no hint. */
  readonly nodeHints: readonly string[];
}

/** Endpoints by the id of their service port, each list sorted by the text of {@link endpointAddress}, no address twice. */
export type EndpointsMap = ReadonlyMap<string, readonly Endpoint[]>;

/** `10.244.1.2:8080`, `[fd00::2]:8080` */
export function endpointAddress({ ip, port }: { ip: string; port: number }): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}
