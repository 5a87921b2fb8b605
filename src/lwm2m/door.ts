import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CoapEndpoint, openCoap } from '../coap/endpoint.ts';
import { type CoapServer, openServer } from '../coap/server.ts';
import type { Transmission } from '../coap/transmission.ts';
import { BenchError } from '../core/errors.ts';
import type { Bench } from '../core/standard.ts';
import type { ServerCredentials } from '../link/dtls/credentials.ts';
import { certificatesIn, ownCertificateIn, ownKeyIn, publicKeyIn } from '../link/dtls/pem.ts';
import { openDtls } from '../link/dtls/wire.ts';
import type { Impairments } from '../link/impair.ts';
import { openUdp, type UdpWire } from '../link/udp.ts';
import type { Wire } from '../link/wire.ts';

/** One port of the bench: CoAP client and server at once. */
export interface Door {
  readonly endpoint: CoapEndpoint;
  readonly server: CoapServer;
  readonly secure: boolean;
  /** Loses, delays, repeats what passes from now on; undefined ends it. */
  impair(impairments: Impairments | undefined): void;
  close(): Promise<void>;
}

/** What a rig entry such as `coaps://0.0.0.0:5684` says. */
export interface Address {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
}

const DEFAULT_PORTS = { coap: 5683, coaps: 5684 } as const;

/** Reads a `coap://` or `coaps://` address; throws a BenchError that quotes anything else. */
export function addressOf(text: string): Address {
  const [, scheme, host, port] = /^(coaps?):\/\/(\[[^\]]+\]|[^:/]+)(?::(\d+))?\/?$/.exec(text) ?? [];
  if (scheme === undefined || host === undefined)
    throw new BenchError('rig-entry', `expected coap://HOST:PORT or coaps://HOST:PORT, found ${text}`);
  return {
    secure: scheme === 'coaps',
    host: host.replace(/^\[|\]$/g, ''),
    port: port === undefined ? DEFAULT_PORTS[scheme as keyof typeof DEFAULT_PORTS] : Number(port),
  };
}

/** The key of the rig and whom it is for: its `pskIdentity`, else every device. */
export function pskOf(bench: Bench): { readonly key: Buffer; readonly identity: Buffer | undefined } {
  const identity = bench.has('pskIdentity') ? Buffer.from(bench.address('pskIdentity'), 'utf8') : undefined;
  return { key: keyOctets(bench.address('psk')), identity };
}

/**
 * Eight repetitions at the bench's link scale, within the EXCHANGE_LIFETIME of RFC 7252. With its own four, one message in four thousand stays without answer
 * where 10 % are lost each way, and a case sends dozens.
 */
export function transmissionOf({ timing }: Pick<Bench, 'timing'>, maxRetransmit = 8): Transmission {
  return { ackTimeoutMs: timing.real('ackTimeout'), ackRandomFactor: 1.5, maxRetransmit, maxDoublings: 4 };
}

/** Keys are hex where they can be, else the octets of the text. */
function keyOctets(text: string): Buffer {
  return /^(?:[0-9a-f]{2})+$/i.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'utf8');
}

/**
 * What the rig gives the server to secure itself with: `psk`, `certificate` (chain and key) or `rawKey`, and whom it trusts: `trust` (roots of
 * the devices' certificates), `trustedKey` (the raw public key of the device). A device that takes keys only is shown the one in `certificate`. Throws a BenchError where there is nothing, or not what it should be.
 */
export function credentialsOf(bench: Bench): ServerCredentials {
  const of = <T>(name: string, read: (text: string, where: string) => T): T | undefined =>
    bench.has(name) ? read(bench.address(name), name) : undefined;
  const certificate = of('certificate', ownCertificateIn) ?? of('rawKey', ownKeyIn);
  const roots = of('trust', certificatesIn);
  const key = of('trustedKey', publicKeyIn);
  if (certificate === undefined && !bench.has('psk'))
    throw new BenchError('rig-entry', 'coaps needs an entry psk, certificate or rawKey, found none of them');
  if (certificate !== undefined && roots === undefined && key === undefined)
    throw new BenchError(
      'rig-entry',
      'an entry certificate or rawKey needs trust or trustedKey beside it, found neither',
    );
  return {
    ...(bench.has('psk') ? { psk: pskFor(bench) } : {}),
    ...(certificate === undefined
      ? {}
      : {
          certificate,
          trust: { ...(roots === undefined ? {} : { roots }), ...(key === undefined ? {} : { keys: [key] }) },
        }),
  };
}

function pskFor(bench: Bench): NonNullable<ServerCredentials['psk']> {
  const { key, identity } = pskOf(bench);
  return (shown) => (identity === undefined || shown.equals(identity) ? key : undefined);
}

async function wiresOf(
  bench: Bench,
  { secure, host, port }: Address,
  channel: string,
): Promise<{ wire: Wire; below: UdpWire }> {
  const sink = bench.events;
  const below = await openUdp({ host, port, sink, channel: secure ? `${channel}.dtls` : channel });
  if (!secure) return { wire: below, below };
  const keyLog = join(bench.privateDir, 'sslkeys.log');
  const wire = openDtls({
    wire: below,
    sink,
    channel,
    server: credentialsOf(bench),
    keyLog: (line) => appendFileSync(keyLog, `${line}\n`),
  });
  return { wire, below };
}

/** Opens a port of the bench. Rejects with a BenchError where it cannot be had. */
export async function openDoor(bench: Bench, address: Address, channel: string): Promise<Door> {
  const { wire, below } = await wiresOf(bench, address, channel);
  const endpoint = openCoap({ wire, sink: bench.events, channel, timing: transmissionOf(bench) });
  const server = openServer(endpoint);
  return {
    endpoint,
    server,
    secure: address.secure,
    impair: (impairments) => below.impair(impairments),
    async close() {
      server.close();
      endpoint.close();
      await wire.close();
    },
  };
}
