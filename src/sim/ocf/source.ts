import { X509Certificate } from 'node:crypto';
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIPv6 } from 'node:net';
import { messageOf } from '../../core/errors.ts';
import type { EventSink } from '../../core/events.ts';
import type { DtlsWire } from '../../link/dtls/port.ts';
import { openDtls } from '../../link/dtls/wire.ts';
import type { Impairments } from '../../link/impair.ts';
import { openUdp, resolvePeer } from '../../link/udp.ts';
import type { Peer } from '../../link/wire.ts';
import { RESULTS } from '../../ocf/codec/swu.ts';
import { Endpoint, type LinkTiming } from '../coap/endpoint.ts';
import { fetchBlocks } from '../coap/fetch.ts';
import { OPTION, type Option, textOption } from '../coap/message.ts';
import { MANIFEST_MAX } from './package.ts';

/** What a fetch came to: the octets, or the result code that the device reports, with the reason for whoever debugs. */
export type Got =
  | { readonly ok: true; readonly data: Buffer }
  | { readonly ok: false; readonly result: number; readonly why: string };

export interface FetchOrder {
  /** No more than the octets that hold the manifest. */
  readonly headOnly?: true;
  /** More than this is too large for the device. */
  readonly maxSize: number;
  /** Called for every piece that comes in. */
  readonly onPiece?: () => void;
  readonly signal: AbortSignal;
}

export interface SourceSetup {
  /** Protocols that the device supports, as they begin a URL: `http`. */
  readonly protocols: readonly string[];
  /** The certificates (PEM) that HTTPS and CoAPS servers are trusted by; none: those of the system, over CoAPS nobody. */
  readonly ca?: string;
  /** Real milliseconds without progress after which a download is given up. */
  readonly stallMs: number;
  readonly link: LinkTiming;
  readonly sink: EventSink;
  readonly impair?: Impairments;
}

const COAP_PORT: Readonly<Record<string, number>> = { 'coap:': 5683, 'coaps:': 5684 };
/** A handshake may take so many acknowledgement timeouts, and at least this long. */
const HANDSHAKE_TIMEOUTS = 8;
const HANDSHAKE_MS = 3000;

const lost = (why: string): Got => ({ ok: false, result: RESULTS.connectionLost, why });
const invalid = (why: string): Got => ({ ok: false, result: RESULTS.invalidUrl, why });
const tooLarge = ({ maxSize }: FetchOrder): Got => ({
  ok: false,
  result: RESULTS.tooLittleFlash,
  why: `more than ${maxSize} octets`,
});
const refused = (status: number): Got =>
  status >= 400 && status <= 600
    ? { ok: false, result: status, why: `status ${status}` }
    : invalid(`status ${status} is no package`);

/** Why a URL can never be fetched: its result code, or undefined where it can be tried. */
export function urlFault(purl: string, protocols: readonly string[]): number | undefined {
  if (!URL.canParse(purl)) return RESULTS.invalidUrl;
  const url = new URL(purl);
  if (!protocols.includes(url.protocol.slice(0, -1))) return RESULTS.unsupportedProtocol;
  return url.hostname === '' ? RESULTS.invalidUrl : undefined;
}

/**
 * Fetches a package from an HTTP(S) or CoAP(S) server; for an availability check only its head: a GET with a Range of the first octets
 * and an early close, over CoAP the first block. Resolves in every case.
 */
export function fetchPackage(purl: string, order: FetchOrder, setup: SourceSetup): Promise<Got> {
  const fault = urlFault(purl, setup.protocols);
  if (fault !== undefined) return Promise.resolve({ ok: false, result: fault, why: `cannot be fetched: ${purl}` });
  const url = new URL(purl);
  // Reserved never to exist (RFC 6761): no need to bother a name server, which a bench may not have.
  if (url.hostname.endsWith('.invalid')) return Promise.resolve(invalid(`no such host: ${url.hostname}`));
  return Object.hasOwn(COAP_PORT, url.protocol) ? fetchCoap(url, order, setup) : fetchHttp(url, order, setup);
}

function fetchHttp(url: URL, order: FetchOrder, setup: SourceSetup): Promise<Got> {
  const options: RequestOptions = {
    agent: false,
    signal: order.signal,
    headers: order.headOnly === true ? { range: `bytes=0-${MANIFEST_MAX - 1}` } : {},
    timeout: Math.max(1, setup.stallMs),
  };
  return new Promise((resolve) => {
    const take = (response: IncomingMessage): void => void body(response, order).then(resolve);
    const ca = setup.ca === undefined ? {} : { ca: setup.ca };
    const request =
      url.protocol === 'https:' ? httpsRequest(url, { ...options, ...ca }, take) : httpRequest(url, options, take);
    request.on('timeout', () => request.destroy(new Error('no progress')));
    request.on('error', (e: NodeJS.ErrnoException) => {
      const unknownHost = e.code === 'ENOTFOUND' || e.code === 'EAI_AGAIN';
      resolve(unknownHost ? invalid(e.message) : lost(e.message));
    });
    request.end();
  });
}

async function body(response: IncomingMessage, order: FetchOrder): Promise<Got> {
  const status = response.statusCode ?? 0;
  if (status !== 200 && status !== 206) {
    response.destroy();
    return refused(status);
  }
  const pieces: Buffer[] = [];
  let size = 0;
  try {
    for await (const piece of response as AsyncIterable<Buffer>) {
      pieces.push(piece);
      size += piece.length;
      order.onPiece?.();
      // Leaving the loop closes the connection: servers that know no ranges send no more of the package than this.
      if (order.headOnly === true && (piece.includes('\n') || size >= MANIFEST_MAX)) break;
      if (size > order.maxSize) return tooLarge(order);
    }
  } catch (e) {
    return lost(e instanceof Error ? e.message : String(e));
  }
  return { ok: true, data: Buffer.concat(pieces) };
}

async function fetchCoap(url: URL, order: FetchOrder, setup: SourceSetup): Promise<Got> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  let to: Peer;
  let uri: Option[];
  try {
    uri = uriOf(url);
    to = await resolvePeer(host, Number(url.port) || (COAP_PORT[url.protocol] ?? 0));
  } catch (e) {
    return invalid(messageOf(e));
  }
  const local = isIPv6(to.address) ? '::' : '0.0.0.0';
  const impair = setup.impair === undefined ? {} : { impair: setup.impair };
  const udp = await openUdp({ host: local, port: 0, sink: setup.sink, channel: 'packages', ...impair });
  const dtls = url.protocol === 'coaps:' ? openDtls({ wire: udp, sink: setup.sink, channel: 'packages' }) : undefined;
  const wire = dtls ?? udp;
  const endpoint = new Endpoint(wire, { ...setup.link, maxRetransmit: 1 }, () => ({ code: '4.04' }));
  const aborted = new Promise<Got>((resolve) => {
    order.signal.addEventListener('abort', () => resolve(lost('given up')), { once: true });
  });
  let size = 0;
  const goOn = (received: number): boolean => {
    size = received;
    order.onPiece?.();
    return received <= order.maxSize;
  };
  const fetching = async (): Promise<Got> => {
    if (dtls !== undefined) await greet(dtls, to, setup);
    const part = order.headOnly === true ? { firstOnly: true } : {};
    const fetched = await fetchBlocks(endpoint, to, uri, { szx: 6, limitMs: setup.stallMs, goOn, ...part });
    if (size > order.maxSize) return tooLarge(order);
    if (fetched.ok) return { ok: true, data: fetched.body };
    return fetched.status === undefined ? lost(fetched.why) : refused(fetched.status);
  };
  try {
    return await Promise.race([fetching().catch((e: unknown) => lost(messageOf(e))), aborted]);
  } finally {
    endpoint.close();
    await wire.close();
  }
}

/** The handshake with a package server, which shows a certificate and asks for none. */
async function greet(dtls: DtlsWire, to: Peer, { ca = '', link }: SourceSetup): Promise<void> {
  const roots = [...ca.matchAll(PEM)].map(([pem]) => new X509Certificate(pem));
  const deadlineMs = Math.max(HANDSHAKE_MS, link.ackTimeoutMs * HANDSHAKE_TIMEOUTS);
  await dtls.connect(to, { trust: { roots } }, { firstTimerMs: link.ackTimeoutMs / 2, deadlineMs });
}

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function uriOf(url: URL): Option[] {
  const segments = url.pathname.split('/').filter((segment) => segment !== '');
  const queries = url.search === '' ? [] : url.search.slice(1).split('&');
  return [
    ...segments.map((segment) => textOption(OPTION.uriPath, decodeURIComponent(segment))),
    ...queries.map((query) => textOption(OPTION.uriQuery, decodeURIComponent(query))),
  ];
}
