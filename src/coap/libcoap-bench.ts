import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ev, type EventSink, hexOf, type NewEvent } from '../core/events.ts';
import { seeded } from '../core/random.ts';
import type { Impairments } from '../link/impair.ts';
import { openUdp, type UdpWire } from '../link/udp.ts';
import type { Peer } from '../link/wire.ts';
import { blockSize } from './block.ts';
import { type CoapEndpoint, openCoap } from './endpoint.ts';
import { RULES } from './findings.ts';
import type { Outcome } from './request.ts';
import { type CoapServer, openServer } from './server.ts';
import type { Transmission } from './transmission.ts';

/** The programs that the check needs; in Debian's package libcoap3-bin. */
export const CLIENT = 'coap-client-notls';
export const SERVER = 'coap-server-notls';

/** Where we repeat under loss. */
export const FAST: Transmission = { ackTimeoutMs: 50, ackRandomFactor: 1.5, maxRetransmit: 8 };
const PATIENT_MS = 60_000;

/** Throws where a scenario does not hold. */
export function demand(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

/** Numbers the events and makes them whole, but keeps none: a mebibyte in blocks of 16 octets would be a quarter of a million. */
export function forgetfulSink(): EventSink & { lost: number } {
  let n = 0;
  const sink = {
    lost: 0,
    append: ({ channel, type, raw }: NewEvent): Ev => {
      if (type === 'datagram.lost') sink.lost++;
      return { n: n++, ms: performance.now(), channel, type, ...(raw === undefined ? {} : { raw: hexOf(raw) }) };
    },
  };
  return sink;
}

/** Our end: client and server on one port; what is uploaded to `/up` is kept. */
export interface Side {
  readonly wire: UdpWire;
  readonly endpoint: CoapEndpoint;
  readonly server: CoapServer;
  received: Buffer | undefined;
}

/** One body to be carried, with libcoap's server as the far end where we are the client. */
export interface Carriage {
  readonly to: Peer;
  readonly body: Buffer;
  readonly szx: number;
}

/** Opens both ends, and closes everything in reverse order. */
export class LibcoapBench {
  readonly dir = mkdtempSync(join(tmpdir(), 'plumbline-libcoap-'));
  private readonly closing: (() => unknown)[] = [];

  async ours(impair?: Impairments, sink: EventSink = forgetfulSink()): Promise<Side> {
    const impaired = impair === undefined ? {} : { impair };
    // Without loss the RFC's own times: what a busy computer makes us repeat, libcoap's server takes for something new.
    const timing = impair === undefined ? {} : { timing: FAST };
    const wire = await openUdp({ host: '127.0.0.1', port: 0, sink, channel: 'coap', ...impaired });
    const endpoint = openCoap({ wire, sink, channel: 'coap', ...timing, random: seeded(impair?.seed ?? 0) });
    const server = openServer(endpoint);
    const side: Side = { wire, endpoint, server, received: undefined };
    server.route('/up', ({ body }) => {
      side.received = body;
      return { code: '2.04' };
    });
    this.closing.push(() => {
      server.close();
      endpoint.close();
      return wire.close();
    });
    return side;
  }

  /** Starts libcoap's server and waits until it answers. */
  async theirs(side: Side): Promise<Peer> {
    const free = await openUdp({ host: '127.0.0.1', port: 0, sink: forgetfulSink(), channel: 'coap' });
    await free.close();
    const to = free.local;
    const child = spawn(SERVER, ['-A', to.address, '-p', String(to.port)], { stdio: 'ignore' });
    this.closing.push(() => child.kill());
    const up = await side.endpoint.request({ to, method: 'GET', path: '/', deadlineMs: 5000 });
    demand(up.kind === 'reply', `${SERVER} does not answer on port ${to.port}`);
    return to;
  }

  async close(): Promise<void> {
    for (const close of this.closing.reverse()) await close();
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** The four ways to carry a body, each of which throws unless it arrives as it was. */
  readonly ways = {
    'our client PUT to their server': async (side: Side, { to, body, szx }: Carriage): Promise<void> => {
      const request = { to, path: THEIR_PATH, szx, deadlineMs: PATIENT_MS };
      accept(await side.endpoint.request({ ...request, method: 'PUT', payload: body }));
    },
    'our client GET from their server': async (side: Side, { to, body, szx }: Carriage): Promise<void> => {
      const request = { to, path: THEIR_PATH, szx, deadlineMs: PATIENT_MS };
      demand(accept(await side.endpoint.request({ ...request, method: 'GET' })).equals(body), 'the bodies differ');
    },
    'their client PUT to our server': async (side: Side, { body, szx }: Carriage): Promise<void> => {
      const file = join(this.dir, `put-${side.wire.local.port}`);
      writeFileSync(file, body);
      side.received = undefined;
      const printed = await client('-m', 'put', '-b', String(blockSize(szx)), '-f', file, url(side.wire.local, '/up'));
      demand(side.received !== undefined && body.equals(side.received), `the bodies differ: ${printed}`);
    },
    'their client GET from our server': async (side: Side, { body, szx }: Carriage): Promise<void> => {
      const file = join(this.dir, `get-${side.wire.local.port}`);
      side.server.file('/down', body);
      const printed = await client('-b', String(blockSize(szx)), '-o', file, url(side.wire.local, '/down'));
      demand(readFileSync(file).equals(body), `the bodies differ: ${printed}`);
    },
  } as const;
}

export type Way = keyof LibcoapBench['ways'];

/** The resource of libcoap's example server that keeps what is put to it. */
export const THEIR_PATH = '/example_data';

/** The payload of a success without anything that contradicts the RFC. */
function accept(outcome: Outcome): Buffer {
  const faults = outcome.findings.filter(({ rule }) => RULES[rule].level === 'must' || rule.endsWith('stopped'));
  demand(faults.length === 0, JSON.stringify(faults));
  const end = outcome.kind === 'reply' ? outcome.code : outcome.kind;
  if (outcome.kind !== 'reply' || !end.startsWith('2.'))
    throw new Error(`ended as ${end} after ${outcome.acceptedOctets} octets`);
  return outcome.payload;
}

/** Runs libcoap's client to its end; resolves with what it printed. */
export function client(...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = '';
    const child = spawn(CLIENT, args);
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => (printed += data.toString()));
    child.on('error', reject);
    child.on('close', () => resolve(printed.trim()));
  });
}

/** As libcoap's client wants it. */
export function url(to: Peer, path: string): string {
  return `coap://${to.address}:${to.port}${path}`;
}
