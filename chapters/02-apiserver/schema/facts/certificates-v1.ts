/** The types of certificates.k8s.io/v1, as Kubernetes 1.33 has them; the notation is in `../facts.ts`. */

export const certificatesV1 = `
CertificateSigningRequest kind
  metadata 1 meta.ObjectMeta
  spec 2 CertificateSigningRequestSpec!
  status 3 CertificateSigningRequestStatus
CertificateSigningRequestCondition
  type 1 string!
  status 6 string!
  reason 2 string
  message 3 string
  lastUpdateTime 4 time
  lastTransitionTime 5 time
CertificateSigningRequestSpec
  request 1 bytes!
  signerName 7 string!
  expirationSeconds 8 int32
  usages 5 []string enum=signing|digital signature|content commitment|key encipherment|key agreement|data encipherment|cert sign|crl sign|encipher only|decipher only|any|server auth|client auth|code signing|email protection|s/mime|ipsec end system|ipsec tunnel|ipsec user|timestamping|ocsp signing|microsoft sgc|netscape sgc
  username 2 string
  uid 3 string
  groups 4 []string
  extra 6 {}[]string
CertificateSigningRequestStatus
  conditions 1 []CertificateSigningRequestCondition map=type
  certificate 2 bytes
`;
