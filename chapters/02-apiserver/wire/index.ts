/** The public surface of the API server's wire: what others import as `#apiserver/wire`. */

export {
  ensureCertificates,
  ensureClientCertificate,
  writeKubeconfig,
} from './certificate-files.ts';
export { newAuthority, newClientCertificate, newServingCertificate } from './certificates.ts';
export { newDescriptions } from './descriptions.ts';
export { type Flags as ApiServerFlags, parseFlags as parseApiServerFlags } from './flags.ts';
export { HttpServer, type RequestHandler } from './http-server.ts';
export { KubeletDialer, newAddressDialer } from './node-dialer.ts';
export { type OpenApiServer, openApiServer } from './program.ts';
export {
  generateServiceAccountKey,
  newSignatureVerifier,
  newSigner,
} from './service-account-keys.ts';
export { newTextParsers } from './text-parsers.ts';
export { newWebhookCaller } from './webhook-caller.ts';
