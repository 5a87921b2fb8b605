import { BenchError } from '../../../core/errors.ts';
import type { Peer } from '../../wire.ts';
import type { DtlsWire } from '../port.ts';
import { SUITE_NAMES, type SuiteName } from '../suites.ts';
import { nextDatagram, openPort } from './matrix.ts';
import { asClient, asServer, IDENTITY, KEY, type Keys, SERVERS, startServer } from './peers.ts';
import { file, start } from './tools.ts';

const HANDSHAKES = 200;
const BLOCK = 1024;
const BLOCKS = 1024;
const ECHOES = 5000;

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

async function handshakes(from: DtlsWire, to: Peer, suite: SuiteName, keys: Keys): Promise<number> {
  const took: number[] = [];
  for (let n = 0; n < HANDSHAKES; n++) {
    took.push((await from.connect(to, asClient(suite, keys), { firstTimerMs: 100 })).tookMs);
    await from.disconnect(to);
  }
  return median(took);
}

/** Median of 200 full handshakes, one after the other, both ends ours and in one process; one line per suite. */
export async function handshakeSpeed(keys: Keys): Promise<string> {
  const lines: string[] = [];
  for (const suite of SUITE_NAMES) {
    const server = await openPort({ server: asServer(suite, keys) });
    const client = await openPort();
    lines.push(`${suite} ${(await handshakes(client, server.local, suite, keys)).toFixed(2)} ms`);
    await client.close();
    await server.close();
  }
  return lines.join(', ');
}

/** The same with libcoap's servers as the other end. */
export async function handshakeSpeedWithLibcoap(keys: Keys): Promise<string> {
  const lines: string[] = [];
  for (const outside of SERVERS.filter((one) => one.coap))
    for (const suite of ['TLS_PSK_WITH_AES_128_CCM_8', 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8'] as const) {
      const { program, port } = await startServer(outside, suite, keys);
      const client = await openPort();
      const took = await handshakes(client, { address: '127.0.0.1', port }, suite, keys);
      lines.push(`${outside.name}, ${suite} ${took.toFixed(2)} ms`);
      await client.close();
      await program.stop();
    }
  return lines.join(', ');
}

/** 64 octets there and back, one after the other, both ends ours and in one process. */
export async function echoSpeed(keys: Keys): Promise<string> {
  const lines: string[] = [];
  for (const suite of ['TLS_PSK_WITH_AES_128_CCM_8', 'TLS_PSK_WITH_AES_128_CBC_SHA256'] as const) {
    const server = await openPort({ server: asServer(suite, keys) });
    const client = await openPort();
    server.onReceive((data, from) => void server.send(data, from).catch(() => undefined));
    await client.connect(server.local, asClient(suite, keys));
    const data = Buffer.alloc(64, 1);
    const began = performance.now();
    for (let n = 0; n < ECHOES; n++) {
      const back = nextDatagram(client);
      await client.send(data, server.local);
      await back;
    }
    lines.push(`${suite} ${Math.round((ECHOES / (performance.now() - began)) * 1000)} per second`);
    await client.close();
    await server.close();
  }
  return lines.join(', ');
}

/** A confirmable PUT of one block of `big` (RFC 7959): Uri-Path, Block1 and Size1 in order. */
function putBlock(n: number, payload: Buffer): Buffer {
  const block = (n << 4) | (n + 1 < BLOCKS ? 8 : 0) | 6;
  const size = BLOCK * BLOCKS;
  const number = Buffer.from([n >> 8, n & 0xff]);
  return Buffer.concat([
    Buffer.from([0x44, 0x03]),
    number,
    Buffer.from([0, 0]),
    number,
    Buffer.from([0xb3]),
    Buffer.from('big'),
    Buffer.from([0xd3, 27 - 11 - 13, block >> 16, (block >> 8) & 0xff, block & 0xff]),
    Buffer.from([0xd3, 60 - 27 - 13, size >> 16, (size >> 8) & 0xff, size & 0xff]),
    Buffer.from([0xff]),
    payload,
  ]);
}

/** 1 MiB by block-wise PUT to libcoap's server: from libcoap's own client, and from ours; and the ratio. */
export async function throughputAgainstLibcoap(keys: Keys): Promise<string> {
  const lines: string[] = [];
  for (const outside of SERVERS.filter((one) => one.coap)) {
    const { program, port } = await startServer(outside, 'TLS_PSK_WITH_AES_128_CCM_8', keys);
    const peer: Peer = { address: '127.0.0.1', port };
    const ours = await openPort();
    await ours.connect(peer, asClient('TLS_PSK_WITH_AES_128_CCM_8', keys), { firstTimerMs: 100 });
    const payload = Buffer.alloc(BLOCK, 0x61);
    const began = performance.now();
    for (let n = 0; n < BLOCKS; n++) {
      const answer = nextDatagram(ours);
      await ours.send(putBlock(n, payload), peer);
      const code = (await answer)[1] ?? 0;
      if (code !== 0x5f && code !== 0x44 && code !== 0x41)
        throw new BenchError(
          'interop',
          `block ${n}: expected 2.31, 2.01 or 2.04, received code 0x${code.toString(16)}`,
        );
    }
    const oursMs = performance.now() - began;
    const theirsMs = await libcoapPut(outside.program.replace('server', 'client'), port);
    const ratio = (oursMs / theirsMs).toFixed(1);
    lines.push(`${outside.name}: ours ${oursMs.toFixed(0)} ms, libcoap ${theirsMs.toFixed(0)} ms, ratio ${ratio}`);
    await ours.close();
    await program.stop();
  }
  return lines.join('; ');
}

/** Time of libcoap's client for the same PUT, less that of a small one, so that process start and handshake do not count. */
async function libcoapPut(command: string, port: number): Promise<number> {
  const time = async (octets: number): Promise<number> => {
    const path = file(`put-${octets}`, Buffer.alloc(octets, 0x61));
    const began = performance.now();
    const uri = `coaps://127.0.0.1:${port}/big`;
    await start(command, ['-b', `${BLOCK}`, '-m', 'put', '-f', path, '-k', KEY, '-u', IDENTITY, uri]).ended(20_000);
    return performance.now() - began;
  };
  const small = await time(1);
  return (await time(BLOCK * BLOCKS)) - small;
}
