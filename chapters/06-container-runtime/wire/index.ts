/** The public surface of the runtime's wire: what others import as `#container-runtime/wire`. */

export { type CriClientOptions, newCriClient, type RemoteCriClient } from './cri-client.ts';
export { CriServer, type CriServerOptions } from './cri-server.ts';
export { connectionOf, duplexOf } from './duplex.ts';
export { Flow, type Pausable, webSocketFlow } from './flow.ts';
export { NetworkPeer } from './network-peer.ts';
export {
  newRemotePodNetwork,
  pathOf,
  pump,
  RemoteNetwork,
  type RemoteNetworkOptions,
} from './remote-network.ts';
export { secureConnection } from './secure.ts';
