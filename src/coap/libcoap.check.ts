import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../core/errors.ts';
import { memorySink } from '../core/events.ts';
import { octets, seeded } from '../core/random.ts';
import {
  CLIENT,
  client,
  demand,
  forgetfulSink,
  LibcoapBench,
  SERVER,
  THEIR_PATH,
  url,
  type Way,
} from './libcoap-bench.ts';
import { emptyMessage } from './message.ts';

/*
 * Block-wise transfer against libcoap's own client and server, without and with loss, and the time it takes. Run by CI:
 * `node dist/src/coap/libcoap.check.js`, or with `--speed` the time alone; needs the programs of Debian's libcoap3-bin and ends with 0 if all holds.
 */

const KIB = 1024;
const LOSSY = { losePercent: 10, repeatPercent: 5 };
/** Rounds of the comparison of speed, each with every way once; the best of each way counts, because all else that runs on the machine only adds. */
const ROUNDS = 15;
/** How much longer than libcoap we may take, both ways together. */
const FACTOR = 2;

const bench = new LibcoapBench();
const WAYS = Object.keys(bench.ways) as Way[];
let passed = 0;
let failed = 0;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Runs one scenario; it throws where it fails and returns a figure worth printing. */
async function check(name: string, scenario: () => Promise<string>): Promise<void> {
  const started = performance.now();
  try {
    const figure = await scenario();
    passed++;
    say(`ok    ${name}: ${figure} (${Math.round(performance.now() - started)} ms)`);
  } catch (e) {
    failed++;
    say(`FAIL  ${name}: ${messageOf(e)}`);
  }
}

async function until(ready: () => boolean, limitMs: number): Promise<void> {
  for (let ms = 0; ms < limitMs && !ready(); ms += 50) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** Every way once without loss, with blocks of all sizes. */
async function lossless(): Promise<void> {
  const side = await bench.ours();
  const to = await bench.theirs(side);
  const body = octets(seeded(1), 1024 * KIB);
  for (const szx of [6, 5, 4, 3, 2, 1, 0])
    for (const way of WAYS)
      await check(`${way}, 1 MiB, SZX ${szx}`, async () => {
        const started = performance.now();
        await bench.ways[way](side, { to, body, szx });
        return `bodies identical, ${Math.round((1024 * 1000) / (performance.now() - started))} KiB/s`;
      });
}

/** Under loss and repetition: where we repeat, and where libcoap does. Seeds under which something is lost even of a short transfer. */
const LOSSY_ROWS: readonly { way: Way; szx: number; kib: number; seed: number }[] = [
  { way: 'our client PUT to their server', szx: 2, kib: 64, seed: 1 },
  { way: 'our client PUT to their server', szx: 4, kib: 64, seed: 2 },
  { way: 'our client PUT to their server', szx: 6, kib: 64, seed: 3 },
  { way: 'our client GET from their server', szx: 2, kib: 64, seed: 4 },
  { way: 'our client GET from their server', szx: 4, kib: 64, seed: 5 },
  { way: 'our client GET from their server', szx: 6, kib: 64, seed: 6 },
  { way: 'their client PUT to our server', szx: 6, kib: 16, seed: 7 },
  { way: 'their client GET from our server', szx: 6, kib: 16, seed: 9 },
];

/** All rows at once, because most of it is waiting. */
async function lossy(): Promise<void> {
  const base = await bench.ours();
  const run = ({ way, szx, kib, seed }: (typeof LOSSY_ROWS)[number]): Promise<void> =>
    check(`${way}, ${kib} KiB, SZX ${szx}, 10 % lost, 5 % repeated`, async () => {
      const sink = forgetfulSink();
      const side = await bench.ours({ seed, in: LOSSY, out: LOSSY }, sink);
      const carriage = { to: await bench.theirs(base), body: octets(seeded(seed), kib * KIB), szx };
      if (way === 'our client GET from their server')
        await bench.ways['our client PUT to their server'](base, { ...carriage, szx: 6 });
      await bench.ways[way](side, carriage);
      demand(sink.lost > 0, 'nothing was lost, so nothing was shown');
      return `bodies identical, ${sink.lost} datagrams lost`;
    });
  await Promise.all(LOSSY_ROWS.map((row) => run(row)));
}

async function pingTheirServer(): Promise<string> {
  const { endpoint } = await bench.ours();
  const to = await bench.theirs(await bench.ours());
  const mid = endpoint.nextMid(to);
  const until = ({ decoded }: { decoded: { ok: boolean } }): boolean => decoded.ok;
  const { arrival } = await endpoint.step({ to, send: emptyMessage('CON', mid), until, deadlineMs: 5000 });
  const reset = arrival?.decoded.ok === true ? arrival.decoded.message : undefined;
  demand(reset?.type === 'RST' && reset.mid === mid, 'no reset');
  return 'one reset';
}

/** Their client pings while it waits for an answer that never comes. */
async function pingFromTheirClient(): Promise<string> {
  const sink = memorySink();
  const side = await bench.ours(undefined, sink);
  side.server.route('/never', () => new Promise(() => undefined));
  await client('-K', '1', '-B', '4', url(side.wire.local, '/never'));
  const mids = (dir: string, first: string): string =>
    sink.events
      .filter((e) => e.type === 'datagram' && e.dir === dir && e.raw?.length === 8 && e.raw.startsWith(first))
      .map((e) => e.raw?.slice(4))
      .join(' ');
  const pings = mids('in', '4000');
  demand(pings !== '', 'it sent no ping');
  demand(mids('out', '7000') === pings, `pings ${pings}, resets ${mids('out', '7000')}`);
  return `pings ${pings}, one reset each`;
}

async function separateResponse(): Promise<string> {
  const { endpoint } = await bench.ours();
  const to = await bench.theirs(await bench.ours());
  const outcome = await endpoint.request({ to, method: 'GET', path: '/async', query: ['1'], deadlineMs: 8000 });
  demand(outcome.kind === 'reply' && outcome.separate && outcome.code === '2.05', `ended as ${outcome.kind}`);
  return 'acknowledged, then answered';
}

/** Our acknowledgement is lost, so that their server repeats its response. */
async function repeatedResponse(): Promise<string> {
  const sink = memorySink();
  const { endpoint, wire } = await bench.ours(undefined, sink);
  const to = await bench.theirs(await bench.ours());
  const outcome = endpoint.request({ to, method: 'GET', path: '/async', query: ['1'], deadlineMs: 8000 });
  await until(() => sink.events.some((e) => e.dir === 'in'), 1000);
  wire.impair({ seed: 1, out: { losePercent: 100 } });
  demand((await outcome).kind === 'reply', 'no response');
  wire.impair(undefined);
  const acks = (type: string): string[] =>
    sink.events.flatMap((e) => (e.type === type && e.dir === 'out' && e.raw?.startsWith('6000') ? [e.raw] : []));
  await until(() => acks('datagram').length > 0, 8000);
  const [first] = acks('datagram.lost');
  demand(first !== undefined && acks('datagram')[0] === first, 'not the same acknowledgement');
  return `acknowledgement ${first} twice`;
}

async function observation(): Promise<string> {
  const { endpoint } = await bench.ours();
  const to = await bench.theirs(await bench.ours());
  const observed = await endpoint.observe({ to, path: '/time', deadlineMs: 5000 });
  if (observed.kind !== 'observing') throw new Error('refused');
  const seen = [await observed.observation.next(5000), await observed.observation.next(5000)];
  demand(
    seen.every((s) => s?.fresh === true && !s.last),
    'two fresh notifications expected',
  );
  const end = await observed.observation.cancel('request');
  demand(end?.kind === 'reply' && end.code === '2.05', 'deregistration was not answered');
  return 'registered, two notifications, deregistered';
}

const MESSAGES = {
  'ping to their server': pingTheirServer,
  'ping from their client': pingFromTheirClient,
  'separate response of their server': separateResponse,
  'repeated response of their server': repeatedResponse,
  'observation of their clock': observation,
};

/** Keeps us and what we start on one processor: on a virtual machine the waking of an idle one takes longer than all the work. `--unpinned` leaves it out. */
function pin(): string {
  if (process.platform !== 'linux' || process.argv.includes('--unpinned')) return 'not pinned';
  const allowed = /Cpus_allowed_list:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const done = spawnSync('taskset', ['-p', '-c', allowed, String(process.pid)]);
  return done.status === 0 ? `all on processor ${allowed}` : 'not pinned';
}

/** Ours and libcoap's own for the same direction. Both figures hold the start of libcoap's client, but those of our client. */
const ROLES = {
  'our client': { put: 'our client PUT to their server', get: 'our client GET from their server' },
  'our server': { put: 'their client PUT to our server', get: 'their client GET from our server' },
} as const;

/** The time of 1 MiB each way at SZX 6, in either role, against libcoap's own in the same round. */
async function speed(): Promise<void> {
  const pinned = pin();
  const side = await bench.ours();
  const to = await bench.theirs(side);
  const carriage = { to, body: octets(seeded(2), 1024 * KIB), szx: 6 };
  const file = join(bench.dir, 'speed');
  writeFileSync(file, carriage.body);
  const theirs = {
    put: () => client('-m', 'put', '-b', '1024', '-f', file, url(to, THEIR_PATH)),
    get: () => client('-b', '1024', '-o', join(bench.dir, 'out'), url(to, THEIR_PATH)),
  };
  const best = new Map<string, number>();
  const ms = (name: string): number => best.get(name) ?? Number.POSITIVE_INFINITY;
  const time = async (name: string, act: () => Promise<unknown>): Promise<void> => {
    const started = performance.now();
    await act();
    best.set(name, Math.min(ms(name), performance.now() - started));
  };
  for (let round = 0; round < ROUNDS; round++)
    for (const direction of ['put', 'get'] as const) {
      await time(direction, theirs[direction]);
      for (const role of Object.values(ROLES))
        await time(role[direction], () => bench.ways[role[direction]](side, carriage));
    }
  say(`      1 MiB at SZX 6, best of ${ROUNDS} rounds, ${pinned}:`);
  say(`      libcoap with libcoap: PUT ${ms('put').toFixed(0)} ms, GET ${ms('get').toFixed(0)} ms`);
  for (const [name, { put, get }] of Object.entries(ROLES))
    await check(`speed of ${name}`, () => {
      const one = (way: Way, own: 'put' | 'get'): string =>
        `${own.toUpperCase()} ${ms(way).toFixed(0)} ms (${(ms(way) / ms(own)).toFixed(2)} times libcoap's own)`;
      const factor = (ms(put) + ms(get)) / (ms('put') + ms('get'));
      const figure = `${one(put, 'put')}, ${one(get, 'get')}, both ways ${factor.toFixed(2)} times, allowed are ${FACTOR}`;
      demand(factor <= FACTOR, figure);
      return Promise.resolve(figure);
    });
}

async function main(): Promise<void> {
  for (const tool of [CLIENT, SERVER])
    if (spawnSync(tool, ['-h']).error !== undefined) {
      say(`FAIL  ${tool} is not installed (Debian package libcoap3-bin)`);
      process.exitCode = 1;
      return;
    }
  try {
    if (!process.argv.includes('--speed')) {
      const messages = Object.entries(MESSAGES).map(([name, scenario]) => check(name, scenario));
      await Promise.all([lossless(), lossy(), ...messages]);
    }
    await speed();
  } catch (e) {
    failed++;
    say(`FAIL  ${messageOf(e)}`);
  } finally {
    await bench.close();
  }
  say(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

await main();
