/** The public surface of etcd's wire, and of its disk: what others import as `#etcd/grpc`. */

export { NodeDisk } from '../node-disk.ts';
export { type GrpcClientOptions, newGrpcClient } from './grpc-client.ts';
export { type Member, newMember } from './member.ts';
export { GrpcServer, type GrpcServerOptions } from './server.ts';
export { newServices, type ServicesOptions } from './services.ts';
