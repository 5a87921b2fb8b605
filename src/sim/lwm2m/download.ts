import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIPv6 } from 'node:net';
import type { EventSink } from '../../core/events.ts';
import type { ClientCredentials } from '../../link/dtls/credentials.ts';
import { openDtls } from '../../link/dtls/wire.ts';
import type { Impairments } from '../../link/impair.ts';
import { openUdp, resolvePeer } from '../../link/udp.ts';
import type { Peer, Wire } from '../../link/wire.ts';
import { Endpoint, type LinkTiming } from '../coap/endpoint.ts';
import { fetchBlocks } from '../coap/fetch.ts';
import { uriOptions } from '../coap/message.ts';

/** How a download ended; `status` is what the server refused with. */
export type Downloaded =
  | { readonly ok: true; readonly data: Buffer }
  | {
      readonly ok: false;
      readonly why: 'host' | 'unreachable' | 'lost' | 'status' | 'tooLarge';
      readonly data?: Buffer;
    };

export interface DownloadSetup {
  readonly sink: EventSink;
  readonly impair?: Impairments;
  readonly link: LinkTiming;
  /** Real milliseconds without progress after which a download is given up. */
  readonly stallMs: number;
  readonly maxSize: number;
  readonly szx: number;
  /** For coaps servers. */
  readonly dtls?: ClientCredentials;
  /** Certificates (PEM) that https servers are trusted by. */
  readonly ca?: () => string;
  /** An interrupted http download goes on where it stopped. */
  readonly resume: boolean;
  readonly credentials?: { readonly user: string; readonly password: string };
  /** Wrong devices: blocks of several versions pass for one package. */
  readonly anyEtag?: true;
}

const COAP_PORT = { 'coap:': 5683, 'coaps:': 5684 } as const;
const RETRY_MS = 100;

/** The URL, where the device can try to fetch it; undefined for a wrong form and for schemes that it does not support. */
export function fetchable(uri: string, schemes: readonly string[]): URL | undefined {
  if (!URL.canParse(uri)) return undefined;
  const url = new URL(uri);
  const known = schemes.includes(url.protocol.slice(0, -1)) && url.hostname !== '';
  return known && isEncoded(url.pathname) && isEncoded(url.search) ? url : undefined;
}

/** True where every percent sign begins an octet of UTF-8. */
function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** Fetches a package. Resolves in every case, also when it is aborted. */
export async function download(url: URL, setup: DownloadSetup, signal: AbortSignal): Promise<Downloaded> {
  // Reserved never to exist (RFC 6761): no need to bother a name server, which a bench may not have.
  if (url.hostname.endsWith('.invalid')) return { ok: false, why: 'host' };
  const aborted = new Promise<Downloaded>((resolve) => {
    signal.addEventListener('abort', () => resolve({ ok: false, why: 'lost' }), { once: true });
  });
  const coap = url.protocol === 'coap:' || url.protocol === 'coaps:';
  return Promise.race([aborted, coap ? overCoap(url, setup, signal) : overHttp(url, setup, signal)]);
}

async function overCoap(url: URL, setup: DownloadSetup, signal: AbortSignal): Promise<Downloaded> {
  const secure = url.protocol === 'coaps:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  let to: Peer;
  try {
    to = await resolvePeer(host, url.port === '' ? COAP_PORT[secure ? 'coaps:' : 'coap:'] : Number(url.port));
  } catch {
    return { ok: false, why: 'host' };
  }
  const local = isIPv6(to.address) ? '::' : '0.0.0.0';
  const impair = setup.impair === undefined ? {} : { impair: setup.impair };
  const udp = await openUdp({ host: local, port: 0, sink: setup.sink, channel: 'packages', ...impair });
  let wire: Wire = udp;
  let endpoint: Endpoint | undefined;
  let received = 0;
  try {
    if (secure) {
      if (setup.dtls === undefined) return { ok: false, why: 'unreachable' };
      const dtls = openDtls({ wire: udp, sink: setup.sink, channel: 'packages' });
      wire = dtls;
      const deadlineMs = setup.stallMs;
      await dtls.connect(to, setup.dtls, { firstTimerMs: setup.link.ackTimeoutMs / 2, deadlineMs });
    }
    endpoint = new Endpoint(wire, setup.link, () => ({ code: '4.04' }));
    const queries = url.search === '' ? [] : url.search.slice(1).split('&').map(decodeURIComponent);
    const fetched = await fetchBlocks(endpoint, to, uriOptions(decodeURIComponent(url.pathname), queries), {
      szx: setup.szx,
      limitMs: setup.stallMs,
      goOn: (octets) => {
        received = octets;
        return octets <= setup.maxSize && !signal.aborted;
      },
      ...(setup.anyEtag === undefined ? {} : { anyEtag: true }),
    });
    if (received > setup.maxSize) return { ok: false, why: 'tooLarge' };
    if (fetched.ok) return { ok: true, data: fetched.body };
    if (fetched.status !== undefined) return { ok: false, why: 'status', data: Buffer.from(fetched.why) };
    return { ok: false, why: received > 0 ? 'lost' : 'unreachable' };
  } catch {
    return { ok: false, why: 'unreachable' };
  } finally {
    endpoint?.close();
    await wire.close();
    await udp.close();
  }
}

/** One piece after another until the body is complete; a connection that breaks is made anew while there is time. */
async function overHttp(url: URL, setup: DownloadSetup, signal: AbortSignal): Promise<Downloaded> {
  const pieces: Buffer[] = [];
  let last = performance.now();
  for (;;) {
    const before = size(pieces);
    const ended = await ask(url, setup, signal, pieces);
    if (size(pieces) > before) last = performance.now();
    if (ended !== 'broken') return ended;
    const mayResume = setup.resume && size(pieces) > 0;
    if (!mayResume || signal.aborted || performance.now() - last > setup.stallMs)
      return { ok: false, why: size(pieces) > 0 ? 'lost' : 'unreachable' };
    await new Promise((resolve) => setTimeout(resolve, Math.min(RETRY_MS, setup.stallMs / 4)));
  }
}

/** One request; appends what comes to the pieces. */
function ask(url: URL, setup: DownloadSetup, signal: AbortSignal, pieces: Buffer[]): Promise<Downloaded | 'broken'> {
  const { credentials, ca } = setup;
  const have = size(pieces);
  const options: RequestOptions = {
    agent: false,
    signal,
    timeout: Math.max(1, setup.stallMs),
    headers: have === 0 ? {} : { range: `bytes=${have}-` },
    ...(credentials === undefined ? {} : { auth: `${credentials.user}:${credentials.password}` }),
  };
  return new Promise((resolve) => {
    const take = (response: IncomingMessage): void => void body(response, setup, pieces).then(resolve);
    const request =
      url.protocol === 'https:'
        ? httpsRequest(url, { ...options, ...(ca === undefined ? {} : { ca: ca() }) }, take)
        : httpRequest(url, options, take);
    request.on('timeout', () => request.destroy(new Error('no progress')));
    request.on('error', (e: NodeJS.ErrnoException) => {
      const unknown = e.code === 'ENOTFOUND' || e.code === 'EAI_AGAIN';
      resolve(unknown ? { ok: false, why: 'host' } : 'broken');
    });
    request.end();
  });
}

async function body(
  response: IncomingMessage,
  { maxSize }: DownloadSetup,
  pieces: Buffer[],
): Promise<Downloaded | 'broken'> {
  const { statusCode = 0 } = response;
  if (statusCode !== 200 && statusCode !== 206) {
    response.destroy();
    return { ok: false, why: 'status', data: Buffer.from(`status ${statusCode}`) };
  }
  // A server that knows no ranges starts from the beginning.
  if (statusCode === 200) pieces.length = 0;
  try {
    for await (const piece of response as AsyncIterable<Buffer>) {
      pieces.push(piece);
      if (size(pieces) > maxSize) return { ok: false, why: 'tooLarge' };
    }
  } catch {
    return 'broken';
  }
  return { ok: true, data: Buffer.concat(pieces) };
}

function size(pieces: readonly Buffer[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}
