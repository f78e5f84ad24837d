/** What of the kubelet needs Node: what others import as `#kubelet/program`. */

export { newGrpcCheck, realNetwork, realTls } from './real-network.ts';
export { type ServeOptions, type Serving, serveKubelet } from './server/serve.ts';
export { type ServingCertificate, servingCertificate } from './serving-certificate.ts';
