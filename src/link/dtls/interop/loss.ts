import { BenchError, printError } from '../../../core/errors.ts';
import { memorySink } from '../../../core/events.ts';
import type { Impairments } from '../../impair.ts';
import { openUdp } from '../../udp.ts';
import type { DtlsOptions, DtlsWire } from '../port.ts';
import { SUITE_NAMES } from '../suites.ts';
import { openPort } from './matrix.ts';
import { asClient, asServer, CLIENTS, type Keys, type Mode, SERVERS, startClient, startServer } from './peers.ts';
import type { Program } from './tools.ts';

const COUNT = 100;
const LIMIT_MS = 60_000;
const lossy = (seed: number): Impairments => ({ seed, in: { losePercent: 20 }, out: { losePercent: 20 } });

async function lossyPort(seed: number, options: Partial<DtlsOptions> = {}): Promise<DtlsWire> {
  const sink = memorySink();
  const wire = await openUdp({ host: '127.0.0.1', port: 0, sink, channel: 'cipher', impair: lossy(seed) });
  return openPort({ ...options, wire });
}

/** Times of what worked and reasons of what did not. */
class Tally {
  readonly tookMs: number[] = [];
  readonly failures: string[] = [];

  async count(handshake: Promise<{ readonly tookMs: number }>): Promise<void> {
    try {
      this.tookMs.push((await handshake).tookMs);
    } catch (e) {
      this.failures.push(printError(e));
    }
  }

  print(): string {
    const sorted = [...this.tookMs].sort((a, b) => a - b);
    const at = (share: number): string => `${Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0)} ms`;
    return `${sorted.length} of ${sorted.length + this.failures.length} complete, median ${at(0.5)}, worst ${at(1)}`;
  }

  /** Throws a BenchError where fewer than `least` worked. */
  demand(least: number): string {
    if (this.tookMs.length < least)
      throw new BenchError('interop', `${this.print()}; ${[...new Set(this.failures)].slice(0, 3).join('; ')}`);
    return this.print();
  }
}

/** 100 handshakes between our own ends, all suites in turn, 20 % loss each way, first timer 50 ms: every one completes. */
export async function ownEndsUnderLoss(keys: Keys): Promise<string> {
  const timing = { firstTimerMs: 50 };
  const tally = new Tally();
  const ports: DtlsWire[] = [];
  const one = async (n: number): Promise<void> => {
    const suite = SUITE_NAMES[n % SUITE_NAMES.length] ?? 'TLS_PSK_WITH_AES_128_CCM_8';
    const server = await openPort({ timing, server: asServer(suite, keys) });
    const client = await lossyPort(n + 1, { timing });
    ports.push(server, client);
    await tally.count(client.connect(server.local, asClient(suite, keys)));
  };
  await Promise.all(Array.from({ length: COUNT }, (_, n) => one(n)));
  for (const port of ports) await port.close();
  return tally.demand(COUNT);
}

/** 100 handshakes with OpenSSL's tools, half of them in each role, 20 % loss each way, default timers, in parallel: 90 complete within 60 s, none hangs. */
export async function opensslUnderLoss(keys: Keys): Promise<string> {
  const mode: Mode = 'TLS_PSK_WITH_AES_128_CCM_8';
  const [server] = SERVERS;
  const [client] = CLIENTS;
  if (server === undefined || client === undefined) throw new BenchError('interop', 'no OpenSSL among the programs');
  const tally = new Tally();
  const programs: Program[] = [];
  const ports: DtlsWire[] = [];
  const asOurClient = async (n: number): Promise<void> => {
    const { program, port } = await startServer(server, mode, keys);
    const ours = await lossyPort(n + 1);
    programs.push(program);
    ports.push(ours);
    await tally.count(ours.connect({ address: '127.0.0.1', port }, asClient(mode, keys)));
  };
  const asOurServer = async (n: number): Promise<void> => {
    const ours = await lossyPort(n + 1, { server: asServer(mode, keys) });
    ports.push(ours);
    const secured = new Promise<{ tookMs: number }>((resolve, reject) => {
      ours.onSecure(resolve);
      ours.onFailure(reject);
    });
    const started = performance.now();
    const program = startClient(client, mode, keys, ours.local.port);
    programs.push(program);
    // The tool prints the cipher once it has our Finished: only then are both ends done.
    const both = Promise.all([secured, program.until(/Cipher is PSK-AES128-CCM8/, LIMIT_MS)]);
    await tally.count(both.then(() => ({ tookMs: performance.now() - started })));
  };
  const half = COUNT / 2;
  await Promise.all([
    ...Array.from({ length: half }, (_, n) => asOurClient(n)),
    ...Array.from({ length: half }, (_, n) => asOurServer(n + half)),
  ]);
  for (const port of ports) await port.close();
  for (const program of programs) await program.stop();
  if (tally.tookMs.length + tally.failures.length !== COUNT) throw new BenchError('interop', 'a handshake hangs');
  return tally.demand(90);
}
