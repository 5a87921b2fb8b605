/** The fields that make a nonce unique; `seq` has 24 bits. */
export interface NonceFields {
  readonly seq: number;
  readonly src: number;
  readonly ivIndex: number;
}

/** Network nonce (3.8.5.1): CTL with TTL, SEQ, SRC, IV index. */
export function networkNonce(ctl: boolean, ttl: number, fields: NonceFields): Buffer {
  return nonce(0x00, (ctl ? 0x80 : 0) | ttl, fields, 0);
}

/** Application nonce (3.8.5.2); `aszmic` is true only for a segmented message with a 64-bit check. */
export function applicationNonce(aszmic: boolean, dst: number, fields: NonceFields): Buffer {
  return nonce(0x01, aszmic ? 0x80 : 0, fields, dst);
}

/** Device nonce (3.8.5.3). */
export function deviceNonce(aszmic: boolean, dst: number, fields: NonceFields): Buffer {
  return nonce(0x02, aszmic ? 0x80 : 0, fields, dst);
}

/** Proxy nonce (3.8.5.4), for proxy configuration messages. */
export function proxyNonce(fields: NonceFields): Buffer {
  return nonce(0x03, 0, fields, 0);
}

/** 13 octets: type, one octet of its own, SEQ, SRC, DST or 0, IV index. */
function nonce(type: number, second: number, { seq, src, ivIndex }: NonceFields, dst: number): Buffer {
  const out = Buffer.allocUnsafe(13);
  out[0] = type;
  out[1] = second;
  out.writeUIntBE(seq, 2, 3);
  out.writeUInt16BE(src, 5);
  out.writeUInt16BE(dst, 7);
  out.writeUInt32BE(ivIndex, 9);
  return out;
}
