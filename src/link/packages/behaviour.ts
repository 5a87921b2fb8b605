/** How a package server treats the requests for one package; data that a case chooses. */
export type Behaviour =
  | { readonly kind: 'good' }
  /** Answers with this status and no package. */
  | { readonly kind: 'status'; readonly status: number }
  /** Announces the whole length, sends half and closes the connection. */
  | { readonly kind: 'cut' }
  /** Sends half and then nothing more, the connection stays open. */
  | { readonly kind: 'stall' }
  /** Takes eight pauses (row `drip`) over the whole: by HTTP before each of eight pieces, by CoAP shared out over the blocks. */
  | { readonly kind: 'drip' }
  /** A complete answer that holds the first half of the package. */
  | { readonly kind: 'short' }
  /** A complete answer with one octet in the middle changed. */
  | { readonly kind: 'altered' }
  /** A complete answer without content. */
  | { readonly kind: 'empty' };

/** The octets that a server with this behaviour holds for the package. */
export function contentOf(behaviour: Behaviour, file: Buffer): Buffer {
  if (behaviour.kind === 'short') return file.subarray(0, Math.floor(file.length / 2));
  if (behaviour.kind === 'empty') return Buffer.alloc(0);
  if (behaviour.kind !== 'altered') return file;
  const middle = Math.floor(file.length / 2);
  const altered = Buffer.from(file);
  altered[middle] = (altered[middle] ?? 0) ^ 0x55;
  return altered;
}

/** Where a body of this length is cut into the pieces that are sent one by one. */
export function piecesOf(body: Buffer, behaviour: Behaviour): Buffer[] {
  const pieces = behaviour.kind === 'drip' ? DRIP_PIECES : 1;
  const size = Math.max(1, Math.ceil(body.length / pieces));
  const count = Math.ceil(body.length / size);
  return Array.from({ length: count }, (_, i) => body.subarray(i * size, (i + 1) * size));
}

/** Pauses of a slow answer. */
export const DRIP_PIECES = 8;
