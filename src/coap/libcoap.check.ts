import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../core/errors.ts';
import { type EventSink, hexOf, memorySink } from '../core/events.ts';
import { octets, seeded } from '../core/random.ts';
import type { Impairments } from '../link/impair.ts';
import { openUdp, type UdpWire } from '../link/udp.ts';
import type { Peer } from '../link/wire.ts';
import { blockSize } from './block.ts';
import { type CoapEndpoint, openCoap } from './endpoint.ts';
import { RULES } from './findings.ts';
import { emptyMessage } from './message.ts';
import type { Outcome } from './request.ts';
import { type CoapServer, openServer } from './server.ts';
import type { Transmission } from './transmission.ts';

/*
 * Block-wise transfer against libcoap's own client and server, without and with loss, and the time it takes. Run by CI:
 * `node dist/src/coap/libcoap.check.js`. Needs coap-client-notls and coap-server-notls (Debian: libcoap3-bin).
 */

const CLIENT = 'coap-client-notls';
const SERVER = 'coap-server-notls';
const KIB = 1024;
const LOSSY = { losePercent: 10, repeatPercent: 5 };
const FAST: Transmission = { ackTimeoutMs: 50, ackRandomFactor: 1.5, maxRetransmit: 8 };
const PATIENT_MS = 60_000;
/** Rounds of the comparison of speed; the best of each counts, because all else that runs on the machine only adds. */
const ROUNDS = 7;
const FACTOR = 2;

const dir = mkdtempSync(join(tmpdir(), 'plumbline-libcoap-'));
const closing: (() => unknown)[] = [];
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

function demand(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

/** Numbers the events and makes them whole, but keeps none: a mebibyte in blocks of 16 octets would be a quarter of a million. */
function forgetfulSink(): EventSink {
  let n = 0;
  return {
    append: ({ channel, type, raw }) => ({
      n: n++,
      ms: performance.now(),
      channel,
      type,
      ...(raw === undefined ? {} : { raw: hexOf(raw) }),
    }),
  };
}

interface Side {
  readonly wire: UdpWire;
  readonly endpoint: CoapEndpoint;
  readonly server: CoapServer;
  /** What was uploaded to `/up`. */
  received: Buffer | undefined;
}

async function ours(impair?: Impairments, sink: EventSink = forgetfulSink()): Promise<Side> {
  const wire = await openUdp({
    host: '127.0.0.1',
    port: 0,
    sink,
    channel: 'coap',
    ...(impair === undefined ? {} : { impair }),
  });
  const endpoint = openCoap({ wire, sink, channel: 'coap', timing: FAST, random: seeded(impair?.seed ?? 0) });
  const server = openServer(endpoint);
  const side: Side = { wire, endpoint, server, received: undefined };
  server.route('/up', ({ body }) => {
    side.received = body;
    return { code: '2.04' };
  });
  closing.push(() => {
    server.close();
    endpoint.close();
    return wire.close();
  });
  return side;
}

async function freePort(): Promise<number> {
  const wire = await openUdp({ host: '127.0.0.1', port: 0, sink: forgetfulSink(), channel: 'coap' });
  await wire.close();
  return wire.local.port;
}

/** Starts libcoap's server, which lets PUT make new resources, and waits until it answers. */
async function theirs(side: Side): Promise<Peer> {
  const port = await freePort();
  const child: ChildProcess = spawn(SERVER, ['-A', '127.0.0.1', '-p', String(port), '-d', '20'], { stdio: 'ignore' });
  closing.push(() => child.kill());
  const to = { address: '127.0.0.1', port };
  const up = await side.endpoint.request({ to, method: 'GET', path: '/', timing: FAST, deadlineMs: 5000 });
  demand(up.kind === 'reply', `${SERVER} does not answer on port ${port}`);
  return to;
}

/** Runs libcoap's client to its end; resolves with what it printed. */
function client(...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = '';
    const child = spawn(CLIENT, args);
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => (printed += data.toString()));
    child.on('error', reject);
    child.on('close', () => resolve(printed.trim()));
  });
}

function url(to: Peer, path: string): string {
  return `coap://127.0.0.1:${to.port}${path}`;
}

/** Anything that contradicts the RFC, or that stopped the transfer. */
function faults(outcome: Outcome): string {
  return outcome.findings
    .filter(({ rule }) => RULES[rule].level === 'must' || rule.endsWith('stopped'))
    .map((f) => JSON.stringify(f))
    .join(' ');
}

/** A way to carry a body, each with its two ends. */
const WAYS = {
  'our client PUT to their server': async (
    side: Side,
    to: Peer,
    path: string,
    body: Buffer,
    szx: number,
  ): Promise<void> => {
    const put = await side.endpoint.request({
      to,
      method: 'PUT',
      path,
      payload: body,
      szx,
      timing: FAST,
      deadlineMs: PATIENT_MS,
    });
    demand(
      put.kind === 'reply' && put.code.startsWith('2.'),
      `PUT ended as ${JSON.stringify({ ...put, payload: '' })}`,
    );
    demand(faults(put) === '', faults(put));
  },
  'our client GET from their server': async (
    side: Side,
    to: Peer,
    path: string,
    body: Buffer,
    szx: number,
  ): Promise<void> => {
    const get = await side.endpoint.request({ to, method: 'GET', path, szx, timing: FAST, deadlineMs: PATIENT_MS });
    demand(get.kind === 'reply' && get.code === '2.05', `GET ended as ${get.kind}`);
    demand(faults(get) === '', faults(get));
    demand(get.kind === 'reply' && get.payload.equals(body), 'the bodies differ');
  },
  'their client PUT to our server': async (
    side: Side,
    _to: Peer,
    _path: string,
    body: Buffer,
    szx: number,
  ): Promise<void> => {
    const file = join(dir, `put-${side.wire.local.port}`);
    writeFileSync(file, body);
    side.received = undefined;
    const printed = await client('-m', 'put', '-b', String(blockSize(szx)), '-f', file, url(side.wire.local, '/up'));
    demand(side.received !== undefined && body.equals(side.received), `the bodies differ: ${printed}`);
  },
  'their client GET from our server': async (
    side: Side,
    _to: Peer,
    _path: string,
    body: Buffer,
    szx: number,
  ): Promise<void> => {
    const file = join(dir, `get-${side.wire.local.port}`);
    side.server.file('/down', body);
    const printed = await client('-b', String(blockSize(szx)), '-o', file, url(side.wire.local, '/down'));
    demand(readFileSync(file).equals(body), `the bodies differ: ${printed}`);
  },
} as const;

type Way = keyof typeof WAYS;

async function everyWay(
  side: Side,
  to: Peer,
  path: string,
  body: Buffer,
  szx: number,
  ways: readonly Way[],
): Promise<void> {
  for (const way of ways)
    await check(`${way}, ${body.length / KIB} KiB, SZX ${szx}`, async () => {
      const started = performance.now();
      await WAYS[way](side, to, path, body, szx);
      return `${Math.round(body.length / KIB / ((performance.now() - started) / 1000))} KiB/s, bodies identical`;
    });
}

/** Everything once without loss, blocks of all sizes. */
async function lossless(): Promise<void> {
  const side = await ours();
  const to = await theirs(side);
  const body = octets(seeded(1), 1024 * KIB);
  for (const szx of [6, 5, 4, 3, 2, 1, 0])
    await everyWay(side, to, '/example_data', body, szx, Object.keys(WAYS) as Way[]);
}

/** Under loss and repetition: where we repeat, and where libcoap does. All at once, because most of it is waiting. */
async function lossy(): Promise<void> {
  const base = await ours();
  const rows = [
    ...[2, 4, 6].map((szx) => ({ szx, kib: 64, way: 'our client PUT to their server' as const })),
    ...[2, 4, 6].map((szx) => ({ szx, kib: 64, way: 'our client GET from their server' as const })),
    { szx: 6, kib: 16, way: 'their client PUT to our server' as const },
    { szx: 6, kib: 16, way: 'their client GET from our server' as const },
  ];
  await Promise.all(
    rows.map(async ({ szx, kib, way }, seed) => {
      const side = await ours({ seed: seed + 1, in: LOSSY, out: LOSSY });
      const to = await theirs(base);
      const path = '/example_data';
      const body = octets(seeded(seed), kib * KIB);
      if (way === 'our client GET from their server')
        await WAYS['our client PUT to their server'](base, to, path, body, 6);
      await everyWay(side, to, path, body, szx, [way]);
    }),
  );
}

/** A ping, and a confirmable response that comes twice. */
async function messages(): Promise<void> {
  const side = await ours();
  const to = await theirs(side);
  await check('ping to their server', async () => {
    const mid = side.endpoint.nextMid(to);
    const { arrival } = await side.endpoint.step({
      to,
      send: emptyMessage('CON', mid),
      until: ({ decoded }) => decoded.ok && decoded.message.mid === mid,
      deadlineMs: 5000,
    });
    demand(arrival?.decoded.ok === true && arrival.decoded.message.type === 'RST', 'no reset');
    return 'one reset';
  });
  await check('ping from their client', async () => {
    const sink = memorySink();
    const own = await ours(undefined, sink);
    own.server.route('/never', () => new Promise(() => undefined));
    await client('-K', '1', '-B', '4', url(own.wire.local, '/never'));
    const sent = (dir: string, first: string): string[] =>
      sink.events.flatMap((e) =>
        e.type === 'datagram' && e.dir === dir && e.raw?.startsWith(first) && e.raw.length === 8
          ? [e.raw.slice(4)]
          : [],
      );
    const pings = sent('in', '4000');
    demand(pings.length > 0, 'it sent no ping');
    demand(
      sent('out', '7000').join() === pings.join(),
      `resets ${sent('out', '7000').join()} for pings ${pings.join()}`,
    );
    return `${pings.length} pings, one reset each`;
  });
  await check('separate response of their server', async () => {
    const outcome = await side.endpoint.request({
      to,
      method: 'GET',
      path: '/async',
      query: ['1'],
      timing: FAST,
      deadlineMs: 8000,
    });
    demand(outcome.kind === 'reply' && outcome.separate && outcome.code === '2.05', `ended as ${outcome.kind}`);
    return 'acknowledged, then answered';
  });
  await check('observation of their clock', async () => {
    const observed = await side.endpoint.observe({ to, path: '/time', timing: FAST, deadlineMs: 5000 });
    demand(observed.kind === 'observing', 'refused');
    if (observed.kind !== 'observing') return '';
    const seen = [await observed.observation.next(5000), await observed.observation.next(5000)];
    demand(
      seen.every((s) => s?.fresh === true && !s.last),
      'two fresh notifications expected',
    );
    const end = await observed.observation.cancel('request');
    demand(end?.kind === 'reply' && end.code === '2.05', 'deregistration was not answered');
    return 'registered, two notifications, deregistered';
  });
}

/** Keeps us and what we start on one processor: on a virtual machine the waking of an idle one takes longer than all the work. */
function pin(): string {
  const allowed = /Cpus_allowed_list:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const done = spawnSync('taskset', ['-p', '-c', allowed, String(process.pid)]);
  return done.status === 0 ? `all on processor ${allowed}` : 'not pinned';
}

async function speed(): Promise<void> {
  const pinned = process.platform === 'linux' ? pin() : 'not pinned';
  const side = await ours();
  const to = await theirs(side);
  const body = octets(seeded(2), 1024 * KIB);
  const file = join(dir, 'speed');
  writeFileSync(file, body);
  const run = async (way: Way): Promise<void> => WAYS[way](side, to, '/example_data', body, 6);
  const rows: Record<string, () => Promise<unknown>> = {
    'libcoap PUT to libcoap': () => client('-m', 'put', '-b', '1024', '-f', file, url(to, '/example_data')),
    'libcoap GET from libcoap': () => client('-b', '1024', '-o', join(dir, 'out'), url(to, '/example_data')),
    ...Object.fromEntries(Object.keys(WAYS).map((way) => [way, () => run(way as Way)])),
  };
  const best: Record<string, number> = {};
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, act] of Object.entries(rows)) {
      const started = performance.now();
      await act();
      best[name] = Math.min(best[name] ?? Number.POSITIVE_INFINITY, performance.now() - started);
    }
  const ms = (name: string): number => best[name] ?? Number.NaN;
  for (const name of Object.keys(rows))
    say(`      ${name}, 1 MiB, SZX 6: ${ms(name).toFixed(0)} ms (best of ${ROUNDS}, ${pinned})`);
  const base = ms('libcoap PUT to libcoap') + ms('libcoap GET from libcoap');
  for (const [role, put, get] of [
    ['our client with their server', 'our client PUT to their server', 'our client GET from their server'],
    ['their client with our server', 'their client PUT to our server', 'their client GET from our server'],
  ] as const)
    await check(`speed of ${role}, 1 MiB each way, SZX 6`, () => {
      const factor = (ms(put) + ms(get)) / base;
      demand(factor <= FACTOR, `${factor.toFixed(2)} times libcoap's own ${base.toFixed(0)} ms, allowed are ${FACTOR}`);
      return Promise.resolve(`${factor.toFixed(2)} times libcoap's own ${base.toFixed(0)} ms`);
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
    await Promise.all([lossless(), lossy(), messages()]);
    await speed();
  } finally {
    for (const close of closing.reverse()) await close();
    rmSync(dir, { recursive: true, force: true });
  }
  say(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

await main();
