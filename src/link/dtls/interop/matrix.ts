import { BenchError } from '../../../core/errors.ts';
import { memorySink } from '../../../core/events.ts';
import { openUdp } from '../../udp.ts';
import type { Peer } from '../../wire.ts';
import type { AssociationInfo } from '../info.ts';
import type { DtlsOptions, DtlsWire } from '../port.ts';
import { openDtls } from '../wire.ts';
import {
  asClient,
  asServer,
  CLIENTS,
  GREETING,
  IDENTITY,
  type Keys,
  type Mode,
  type OutsideProgram,
  SERVERS,
  startClient,
  startServer,
} from './peers.ts';

const QUICK = { firstTimerMs: 100, deadlineMs: 10_000 };
const WAIT_MS = 5000;

/** A DTLS port on loopback that records nowhere. */
export async function openPort(options: Partial<DtlsOptions> = {}): Promise<DtlsWire> {
  const sink = memorySink();
  const wire = options.wire ?? (await openUdp({ host: '127.0.0.1', port: 0, sink, channel: 'cipher' }));
  return openDtls({ sink, channel: 'clear', ...options, wire });
}

/** The next datagram received. Rejects with a BenchError after 5 s. */
export function nextDatagram(wire: DtlsWire): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new BenchError('interop', `nothing received within ${WAIT_MS} ms`)), WAIT_MS);
    const stop = wire.onReceive((data) => {
      clearTimeout(timer);
      stop();
      resolve(data);
    });
  });
}

const COAP_GET = Buffer.from('40017d34', 'hex');

/** 2.05 with our greeting, to any confirmable request. */
export function coapAnswer(request: Buffer): Buffer {
  const tokenLength = (request[0] ?? 0) & 15;
  const head = Buffer.from([0x60 | tokenLength, 0x45, request[2] ?? 0, request[3] ?? 0]);
  return Buffer.concat([head, request.subarray(4, 4 + tokenLength), Buffer.from([0xff]), Buffer.from(GREETING)]);
}

/** What came about, in a line. Throws a BenchError where the peer did not show what the mode asks for. */
function print(found: AssociationInfo, mode: Mode): string {
  const shown = found.peerCertificate?.kind;
  const expected = mode === 'raw public keys' ? 'raw' : mode.includes('ECDSA') ? 'x509' : undefined;
  if (shown !== expected)
    throw new BenchError(
      'interop',
      `expected the peer to show ${expected ?? 'nothing'}, it showed ${shown ?? 'nothing'}`,
    );
  const extended = found.extendedMasterSecret ? 'extended master secret' : 'no extended master secret';
  return `${extended}, ${found.tookMs.toFixed(1)} ms, ${found.repeats} repeats`;
}

async function meetServer(outside: OutsideProgram, mode: Mode, keys: Keys): Promise<string> {
  const { program, port } = await startServer(outside, mode, keys);
  const wire = await openPort();
  const peer: Peer = { address: '127.0.0.1', port };
  try {
    const found = await wire.connect(peer, asClient(mode, keys), QUICK);
    const answer = nextDatagram(wire);
    if (outside.coap) {
      await wire.send(COAP_GET, peer);
      expectOctets(await answer, /^6045/);
    } else {
      await wire.send(Buffer.from('hello from here\n'), peer);
      await program.until(/hello from here/, WAIT_MS);
      program.child.stdin.write(`${GREETING}\n`);
      expectOctets(await answer, new RegExp(Buffer.from(GREETING).toString('hex')));
    }
    return print(found, mode);
  } finally {
    await wire.close();
    await program.stop();
  }
}

function expectOctets(data: Buffer, pattern: RegExp): void {
  if (!pattern.test(data.toString('hex')))
    throw new BenchError('interop', `expected ${String(pattern)}, received ${data.toString('hex')}`);
}

async function meetClient(outside: OutsideProgram, mode: Mode, keys: Keys): Promise<string> {
  const wire = await openPort({ server: asServer(mode, keys) });
  const failures: BenchError[] = [];
  wire.onFailure((e) => failures.push(e));
  const secured = new Promise<AssociationInfo>((resolve) => {
    wire.onSecure(resolve);
  });
  wire.onReceive((data, from) => {
    const answer = outside.coap ? coapAnswer(data) : Buffer.from(`${GREETING}\n`);
    wire.send(answer, from).catch(() => undefined);
  });
  const program = startClient(outside, mode, keys, wire.local.port);
  try {
    if (!outside.coap) program.child.stdin.write('hello from there\n');
    await program.until(new RegExp(GREETING), WAIT_MS);
    return print(await secured, mode);
  } catch (e) {
    throw failures[0] ?? e;
  } finally {
    await program.stop();
    await wire.close();
  }
}

/** A key that the server does not have: the error must say so. */
async function meetWithWrongKey(outside: OutsideProgram, mode: Mode, keys: Keys): Promise<string> {
  const { program, port } = await startServer(outside, mode, keys);
  const wire = await openPort();
  const credentials = { ...asClient(mode, keys), psk: { identity: Buffer.from(IDENTITY), key: Buffer.from('wrong') } };
  try {
    const timing = { firstTimerMs: 100, deadlineMs: 2000 };
    const outcome = await wire.connect({ address: '127.0.0.1', port }, credentials, timing).catch((e: unknown) => e);
    const told = outcome instanceof BenchError ? outcome.message : 'it was let in';
    if (!told.includes('a wrong key is a likely cause')) throw new BenchError('interop', `the error says: ${told}`);
    return told;
  } finally {
    await wire.close();
    await program.stop();
  }
}

/** One meeting of ours with an outside program. */
export interface Meeting {
  readonly title: string;
  readonly run: (keys: Keys) => Promise<string>;
}

/** The whole matrix: both roles, every program, every suite that it has. */
export const MATRIX: readonly Meeting[] = [
  ...SERVERS.map((outside) => ({
    title: `client to ${outside.name} with a wrong key`,
    run: (keys: Keys) => meetWithWrongKey(outside, 'TLS_PSK_WITH_AES_128_CCM_8', keys),
  })),
  ...SERVERS.flatMap((outside) =>
    outside.modes.map((mode) => ({
      title: `client to ${outside.name}, ${mode}`,
      run: (keys: Keys) => meetServer(outside, mode, keys),
    })),
  ),
  ...CLIENTS.flatMap((outside) =>
    outside.modes.map((mode) => ({
      title: `server for ${outside.name}, ${mode}`,
      run: (keys: Keys) => meetClient(outside, mode, keys),
    })),
  ),
];
