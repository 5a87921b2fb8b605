import { SocketAddress } from 'node:net';

/** The far end of a datagram link. IPv6 addresses may carry a zone (`fe80::1%eth0`). */
export interface Peer {
  readonly address: string;
  readonly port: number;
}

/**
 * One local datagram port, UDP in clear or DTLS above UDP. What it carries looks alike to the layer above: plain datagrams.
 * Every wire records what passes in the event sink that it was opened with.
 */
export interface Wire {
  readonly local: Peer;
  /** True where the datagrams are protected (DTLS). */
  readonly secure: boolean;
  /**
   * Sends one datagram, any octets; resolves when it was handed to the system. On a secure wire the association must exist.
   * `via` is the event of what the datagram carries and is noted with it. Rejects with a BenchError where the link fails.
   */
  send(data: Uint8Array, to: Peer, via?: number): Promise<void>;
  /** Calls the listener for every datagram received; `n` is the event that recorded it. Returns the call that stops it. */
  onReceive(listener: (data: Buffer, from: Peer, n: number) => void): () => void;
  close(): Promise<void>;
}

/** `address:port`, with brackets around IPv6, as it stands in URLs and messages. */
export function printPeer(peer: Peer): string {
  return peer.address.includes(':') ? `[${peer.address}]:${peer.port}` : `${peer.address}:${peer.port}`;
}

/** Reads what {@link printPeer} wrote; undefined where the text is something else. */
export function parsePeer(text: unknown): Peer | undefined {
  if (typeof text !== 'string') return undefined;
  const found = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text);
  const address = found?.[1] ?? found?.[2];
  return found === null || address === undefined ? undefined : { address, port: Number(found[3]) };
}

/** One text per far end, however its IPv6 address is written. */
export function peerKey(peer: Peer): string {
  if (!peer.address.includes(':')) return printPeer(peer);
  const [bare = '', zone] = peer.address.split('%');
  const address = new SocketAddress({ address: bare, family: 'ipv6' }).address;
  return printPeer({ address: zone === undefined ? address : `${address}%${zone}`, port: peer.port });
}
