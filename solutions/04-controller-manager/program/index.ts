/** What of the controller manager needs Node: what others import as `#controller-manager/program`. */

export { certificateReader, newCertificateSigner } from './certificate-signer.ts';
