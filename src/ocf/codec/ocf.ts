/** CoAP content formats met on an OCF device; only `ocfCbor` is in use there, the others serve negative tests. */
export const CONTENT_FORMAT = { json: 50, cbor: 60, ocfCbor: 10000 } as const;

/** CoAP option numbers of OCF: the version of the accepted and of the sent content format. Both are odd, hence critical. */
export const VERSION_OPTION = { accept: 2049, content: 2053 } as const;

export const INTERFACE = {
  rw: 'oic.if.rw',
  baseline: 'oic.if.baseline',
  links: 'oic.if.ll',
  readOnly: 'oic.if.r',
} as const;

export const RESOURCE_TYPE = {
  softwareUpdate: 'oic.r.softwareupdate',
  discovery: 'oic.wk.res',
  device: 'oic.wk.d',
  platform: 'oic.wk.p',
} as const;

/** Bits of the link policy `p.bm`. */
export const POLICY_BIT = { discoverable: 1, observable: 2 } as const;

/** Group addresses of discovery, all on port 5683. */
export const MULTICAST = { ipv4: '224.0.1.187', ipv6Link: 'ff02::158', port: 5683 } as const;

/** A content format version such as 1.0.0, as the version options carry it. */
export interface FormatVersion {
  readonly major: number;
  readonly minor: number;
  readonly sub: number;
}

/** 2 octets, big endian: major in bits 15 to 11, minor in bits 10 to 6, sub in bits 5 to 0. Larger numbers are cut to their field. */
export function encodeVersion(version: FormatVersion): Buffer {
  const value = ((version.major & 0x1f) << 11) | ((version.minor & 0x1f) << 6) | (version.sub & 0x3f);
  return Buffer.of(value >> 8, value & 0xff);
}

/** The version in a version option, or undefined where the option is longer than 2 octets. Leading zero octets may be left out (CoAP uint). */
export function decodeVersion(octets: Uint8Array): FormatVersion | undefined {
  if (octets.length > 2) return undefined;
  const value = octets.reduce((sum, octet) => (sum << 8) | octet, 0);
  return { major: value >> 11, minor: (value >> 6) & 0x1f, sub: value & 0x3f };
}

/** `1.0.0` */
export function printVersion(version: FormatVersion): string {
  return `${version.major}.${version.minor}.${version.sub}`;
}

/** The version that OCF 1.x and 2.x devices speak. */
export const OCF_1_0_0: FormatVersion = { major: 1, minor: 0, sub: 0 };
