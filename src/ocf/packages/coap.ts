import { createPrivateKey, X509Certificate } from 'node:crypto';
import { openCoap } from '../../coap/endpoint.ts';
import type { Behaviour as Misbehaviour } from '../../coap/misbehave.ts';
import { openServer } from '../../coap/server.ts';
import type { EventSink } from '../../core/events.ts';
import { openDtls } from '../../link/dtls/wire.ts';
import { openUdp } from '../../link/udp.ts';
import { printPeer, type Wire } from '../../link/wire.ts';
import type { Identity } from '../../link/packages/certificate.ts';
import { type Behaviour, contentOf, DRIP_PIECES } from '../../link/packages/behaviour.ts';
import { PACKAGES, type PackageRecorder } from '../../link/packages/events.ts';
import type { PackageServer, Shelf } from '../../link/packages/shelf.ts';

/** Where a CoAP package server listens and what it serves. */
export interface CoapOptions {
  readonly host: string;
  readonly port: number;
  readonly shelf: Shelf;
  readonly record: PackageRecorder;
  readonly sink: EventSink;
  /** Real milliseconds of each pause of a slow answer. */
  readonly dripMs: number;
  /** With it the server speaks DTLS and shows this certificate, whose key must be P-256. */
  readonly identity?: Identity;
}

const BLOCK_OCTETS = 1024;

/** The CoAP code of an HTTP status: 404 is 4.04, 503 is 5.03. */
export function coapCode(status: number): string {
  return `${Math.floor(status / 100)}.${String(status % 100).padStart(2, '0')}`;
}

/** How a CoAP server does what an HTTP server with this behaviour does; content that is wrong in itself is no matter of the server. */
export function misbehaviourOf(behaviour: Behaviour, octets: number, dripMs: number): Misbehaviour | undefined {
  const half = Math.max(1, Math.floor(octets / BLOCK_OCTETS / 2));
  switch (behaviour.kind) {
    case 'status':
      return { code: coapCode(behaviour.status) };
    case 'cut':
      return { silentAt: half };
    case 'stall':
      return { stallAt: half };
    case 'drip':
      return { octetMs: (DRIP_PIECES * dripMs) / Math.max(1, octets) };
    case 'good':
    case 'short':
    case 'altered':
    case 'empty':
      return undefined;
  }
}

/** A refused certificate, or another handshake that failed, is told as HTTPS tells it. */
async function secureWire({ host, port, sink, record }: CoapOptions, { certificates, key }: Identity): Promise<Wire> {
  const chain = certificates.match(/-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----/g) ?? [];
  const wire = openDtls({
    wire: await openUdp({ host, port, sink, channel: `${PACKAGES}.dtls` }),
    sink,
    channel: PACKAGES,
    server: {
      suites: ['TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8'],
      certificate: { kind: 'x509', chain: chain.map((pem) => new X509Certificate(pem)), key: createPrivateKey(key) },
    },
  });
  wire.onFailure((error, peer) => record.trouble(error.message, printPeer(peer)));
  return wire;
}

/** Opens a CoAP package server (block-wise; in clear, or over DTLS). Rejects with a BenchError where the port cannot be had. */
export async function openCoapPackages(options: CoapOptions): Promise<PackageServer> {
  const { host, port, shelf, record, sink, dripMs, identity } = options;
  const scheme = identity === undefined ? 'coap' : 'coaps';
  const wire: Wire =
    identity === undefined
      ? await openUdp({ host, port, sink, channel: PACKAGES })
      : await secureWire(options, identity);
  const endpoint = openCoap({ wire, sink, channel: PACKAGES });
  const server = openServer(endpoint);
  server.route(
    () => true,
    ({ path, from, n, method }) => {
      const found = shelf.find(path);
      const served = found?.name ?? 'unknown';
      record.request({ method: method ?? '', path, served, scheme, from: printPeer(from), range: undefined }, n);
      if (found === undefined) return { code: '4.04' };
      const body = contentOf(found.behaviour, found.content());
      server.behave(path, misbehaviourOf(found.behaviour, body.length, dripMs));
      return { code: '2.05', payload: body };
    },
  );
  return {
    base: `${scheme}://${printPeer(wire.local)}`,
    drop: () => undefined,
    async close() {
      server.close();
      endpoint.close();
      await wire.close();
    },
  };
}
