/** How the two ends come to a common secret: RFC 4279, RFC 5489, RFC 8422. */
export type KeyExchange = 'psk' | 'ecdhe_psk' | 'ecdhe_ecdsa' | 'ecdh_anon';

/** What protects records, with the octets of key material that each direction needs. */
export const CIPHERS = {
  /** AES-128-CCM with a tag of 8 octets: RFC 6655. */
  ccm8: { macKey: 0, key: 16, iv: 4 },
  /** AES-128-CBC with HMAC-SHA-256, MAC then encrypt, explicit IV: RFC 5246 6.2.3.2. */
  cbc: { macKey: 32, key: 16, iv: 0 },
} as const;
export type CipherName = keyof typeof CIPHERS;

export interface Suite {
  readonly code: number;
  readonly keyExchange: KeyExchange;
  readonly cipher: CipherName;
}

/** The suites spoken here, best known name first. All use the PRF with SHA-256. The last is OCF's private number, not IANA's. */
export const SUITES = {
  TLS_PSK_WITH_AES_128_CCM_8: { code: 0xc0a8, keyExchange: 'psk', cipher: 'ccm8' },
  TLS_PSK_WITH_AES_128_CBC_SHA256: { code: 0x00ae, keyExchange: 'psk', cipher: 'cbc' },
  TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8: { code: 0xc0ae, keyExchange: 'ecdhe_ecdsa', cipher: 'ccm8' },
  TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256: { code: 0xc037, keyExchange: 'ecdhe_psk', cipher: 'cbc' },
  TLS_ECDH_anon_WITH_AES_128_CBC_SHA256: { code: 0xff00, keyExchange: 'ecdh_anon', cipher: 'cbc' },
} as const satisfies Record<string, Suite>;
export type SuiteName = keyof typeof SUITES;

export const SUITE_NAMES = Object.keys(SUITES) as SuiteName[];

/** The suite of a number, undefined for one that is not spoken here. */
export function suiteOf(code: number): SuiteName | undefined {
  return SUITE_NAMES.find((name) => SUITES[name].code === code);
}

/** `TLS_… (0xC0A8)`. */
export function printSuite(name: SuiteName): string {
  return `${name} (0x${SUITES[name].code.toString(16).toUpperCase().padStart(4, '0')})`;
}

/** True where a pre-shared key takes part. */
export function usesPsk(name: SuiteName): boolean {
  return SUITES[name].keyExchange === 'psk' || SUITES[name].keyExchange === 'ecdhe_psk';
}

/** True where the ends exchange points of a curve. */
export function usesCurve(name: SuiteName): boolean {
  return SUITES[name].keyExchange !== 'psk';
}
