/** Content types of records: RFC 5246 6.2.1, RFC 9146 4. */
export const CONTENT = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23, tls12Cid: 25 } as const;

/** Protocol versions as they stand on the wire. */
export const VERSION = { dtls10: 0xfeff, dtls12: 0xfefd } as const;

/** Handshake messages: RFC 5246 7.4, RFC 6347 4.2.2. */
export const HANDSHAKE = {
  HelloRequest: 0,
  ClientHello: 1,
  ServerHello: 2,
  HelloVerifyRequest: 3,
  Certificate: 11,
  ServerKeyExchange: 12,
  CertificateRequest: 13,
  ServerHelloDone: 14,
  CertificateVerify: 15,
  ClientKeyExchange: 16,
  Finished: 20,
} as const;
export type HandshakeName = keyof typeof HANDSHAKE;

/** Hello extensions: RFC 8422, RFC 5246, RFC 7250, RFC 7627, RFC 9146, RFC 5746. */
export const EXTENSION = {
  supportedGroups: 10,
  pointFormats: 11,
  signatureAlgorithms: 13,
  clientCertificateType: 19,
  serverCertificateType: 20,
  extendedMasterSecret: 23,
  connectionId: 54,
  renegotiationInfo: 0xff01,
} as const;

/** The suite number that stands for the extension `renegotiationInfo` in a ClientHello: RFC 5746 3.3. */
export const RENEGOTIATION_SCSV = 0x00ff;

/** The only group, point format and signature scheme offered: secp256r1, uncompressed, ECDSA with SHA-256. */
export const SECP256R1 = 23;
export const UNCOMPRESSED = 0;
export const ECDSA_SHA256 = 0x0403;

/** Certificate types: RFC 7250. */
export const CERTIFICATE_TYPE = { x509: 0, rawPublicKey: 2 } as const;

/** `ClientCertificateType` ecdsa_sign: RFC 8422 5.5. */
export const ECDSA_SIGN = 64;

export const ALERT_LEVEL = { warning: 1, fatal: 2 } as const;

/** Alert descriptions: RFC 5246 7.2 and the registry. */
export const ALERT = {
  close_notify: 0,
  unexpected_message: 10,
  bad_record_mac: 20,
  record_overflow: 22,
  decompression_failure: 30,
  handshake_failure: 40,
  bad_certificate: 42,
  unsupported_certificate: 43,
  certificate_revoked: 44,
  certificate_expired: 45,
  certificate_unknown: 46,
  illegal_parameter: 47,
  unknown_ca: 48,
  access_denied: 49,
  decode_error: 50,
  decrypt_error: 51,
  protocol_version: 70,
  insufficient_security: 71,
  internal_error: 80,
  user_canceled: 90,
  no_renegotiation: 100,
  unsupported_extension: 110,
  unrecognized_name: 112,
  unknown_psk_identity: 115,
} as const;
export type AlertName = keyof typeof ALERT;

/** `NAME (number)` out of one of the tables above; `unknown (number)` where the table has no such number. */
export function printNumber(table: Readonly<Record<string, number>>, number: number): string {
  const name = Object.keys(table).find((key) => table[key] === number) ?? 'unknown';
  return `${name} (${number})`;
}

/** Name of a handshake type, undefined for one that DTLS 1.2 as spoken here does not have. */
export function handshakeName(type: number): HandshakeName | undefined {
  return (Object.keys(HANDSHAKE) as HandshakeName[]).find((name) => HANDSHAKE[name] === type);
}
