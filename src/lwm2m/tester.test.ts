import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type CoapEndpoint, openCoap } from '../coap/endpoint.ts';
import { OPTION, uintOption } from '../coap/options.ts';
import { type CoapServer, openServer, type ServedRequest } from '../coap/server.ts';
import { benchClock } from '../core/clock.ts';
import { memorySink } from '../core/events.ts';
import { ixitOf } from '../core/ixit.ts';
import { logOf } from '../core/log.ts';
import type { Bench } from '../core/standard.ts';
import { freeUdpPort } from '../core/testing/ports.ts';
import { timingOf } from '../core/timing.ts';
import { openDtls } from '../link/dtls/wire.ts';
import { openUdp, type UdpWire } from '../link/udp.ts';
import { encodeContent, FORMAT } from './codec/content.ts';
import { boolean, integer, string } from './codec/value.ts';
import { answered, shown, snapshots, stepped } from './kinds.ts';
import { openTester } from './open.ts';
import { fetched, fetches } from './packages.ts';
import { printEvent } from './print.ts';
import { registrations } from './registered.ts';
import type { Lwm2mTester } from './tester.ts';
import { LWM2M_TIMING } from './timing.ts';

/** A client that registers and answers; it knows nothing of update machines. */
interface FakeDevice {
  readonly endpoint: CoapEndpoint;
  readonly server: CoapServer;
  readonly seen: ServedRequest[];
  readonly wire: UdpWire;
}

const INSTANCE = encodeContent(
  FORMAT.senmlCbor,
  [9, 0],
  [
    { path: [9, 0, 0], value: string('app') },
    { path: [9, 0, 1], value: string('1.0') },
    { path: [9, 0, 7], value: integer(3) },
    { path: [9, 0, 9], value: integer(0) },
    { path: [9, 0, 12], value: boolean(false) },
  ],
);

/** `trigger` says whether the Registration Update Trigger is known. */
async function fakeDevice(trigger: () => boolean): Promise<FakeDevice> {
  const wire = await openUdp({ host: '127.0.0.1', port: 0, sink: memorySink(), channel: 'device' });
  const endpoint = openCoap({ wire, sink: memorySink(), channel: 'device' });
  const server = openServer(endpoint);
  const seen: ServedRequest[] = [];
  server.route(
    () => true,
    (request) => {
      seen.push(request);
      if (request.path === '/1/0/8') return { code: trigger() ? '2.04' : '4.04' };
      if (request.method !== 'GET') return { code: '2.04' };
      return { code: '2.05', options: [uintOption(OPTION.contentFormat, FORMAT.senmlCbor)], payload: INSTANCE };
    },
  );
  return { endpoint, server, seen, wire };
}

describe('LwM2M tester', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lwm2m-'));
  const sink = memorySink();
  let device: FakeDevice;
  let tester: Lwm2mTester;
  let port = 0;
  /** What the device does at the trigger; undefined where it does not know it. */
  let triggered: (() => Promise<void>) | undefined;
  /** What was done to the device besides: its power, lines to its console. */
  const switched: string[] = [];
  const entries: Record<string, string> = { endpoint: 'dev' };

  const values = { instance: 0, registerS: 5, pullS: 5, packageA: `file:${join(folder, 'a.pkg')}` };
  const ixit = ixitOf(values);
  const log = () => logOf(sink.events, 1);
  const server = () => ({ address: '127.0.0.1', port });
  const register = () =>
    device.endpoint.request({
      to: server(),
      method: 'POST',
      path: '/rd',
      query: ['ep=dev', 'lwm2m=1.1', 'lt=3600'],
      options: [uintOption(OPTION.contentFormat, FORMAT.link)],
      payload: Buffer.from('</1/0>,</9/0>'),
    });

  const benchWith = (entries: Readonly<Record<string, string>>): Bench => ({
    events: sink,
    clock: benchClock(Date.now(), 1),
    timing: timingOf(LWM2M_TIMING, ixit, { protocol: 0.05, link: 0.1 }),
    ixit,
    policies: {},
    declared: () => true,
    address: (name) => entries[name] ?? '',
    has: (name) => entries[name] !== undefined,
    stateDir: folder,
    privateDir: folder,
  });

  before(async () => {
    writeFileSync(join(folder, 'a.pkg'), Buffer.alloc(3000, 7));
    device = await fakeDevice(() => {
      triggered?.().catch(() => undefined);
      return triggered !== undefined;
    });
    port = await freeUdpPort();
    entries['listen'] = `coap://127.0.0.1:${port}`;
    tester = await openTester({
      ...benchWith(entries),
      power: {
        on: async () => {
          switched.push('on');
          await register();
        },
        off: () => Promise.resolve(void switched.push('off')),
      },
      console: {
        ask: async (line) => {
          switched.push(line);
          await register();
          return 'ok';
        },
      },
    });
  });
  after(async () => {
    await tester.internals.close();
    device.endpoint.close();
    await device.wire.close();
    rmSync(folder, { recursive: true });
  });

  it('takes the registration of the device', async () => {
    const outcome = await register();
    expect(outcome.kind === 'reply' && outcome.code).to.equal('2.01');
    expect(tester.registration()).to.include({ endpoint: 'dev', version: '1.1' });
    expect(
      log()
        .first(registrations)
        ?.links?.links.map((l) => l.path),
    ).to.deep.equal([
      [1, 0],
      [9, 0],
    ]);
    await tester.internals.alive();
  });
  it('reads an instance in the format of the version and shows it in the log', async () => {
    const entries = await tester.read([9, 0], 'first');
    expect(entries).to.have.length(5);
    expect(
      device.seen
        .at(-1)
        ?.options.find((o) => o.number === OPTION.accept)
        ?.value.toString('hex'),
    ).to.equal('70');
    expect(log().first(shown('first'))).to.include({ state: 3, result: 0, active: false, name: 'app', version: '1.0' });
  });
  it('executes with and without argument', async () => {
    await tester.execute([9, 0, 6], 'plain');
    expect(device.seen.at(-1)).to.deep.include({ method: 'POST', path: '/9/0/6', body: Buffer.alloc(0) });
    await tester.execute([9, 0, 6], 'for update', '1');
    expect(device.seen.at(-1)).to.deep.include({ contentFormat: FORMAT.text, body: Buffer.from('1') });
    expect(log().first(answered('execute', 'for update'))?.code).to.equal('2.04');
  });
  it('pushes a package block-wise, whole, in any format', async () => {
    await tester.push(0, 'packageA', 'push', { szx: 2 });
    expect(device.seen.at(-1)).to.deep.include({
      method: 'PUT',
      path: '/9/0/2',
      contentFormat: 42,
      body: Buffer.alloc(3000, 7),
    });
    await tester.push(0, 'packageA', 'as TLV', { format: FORMAT.tlv });
    expect(device.seen.at(-1)?.body.subarray(0, 4).toString('hex')).to.equal('d0020bb8');
  });
  it('serves a package until the case is settled', async () => {
    const url = await tester.serve('packageA', { blocks: 8 });
    const at = { address: '127.0.0.1', port: Number(new URL(url).port) };
    const path = url.replace(/^coap:\/\/[^/]+/, '');
    const good = await device.endpoint.request({ to: at, method: 'GET', path });
    expect(good.kind === 'reply' && good.payload.length).to.equal(3000);
    expect([log().first(fetches)?.served, log().first(fetched)?.served]).to.deep.equal(['packageA', 'packageA']);
    await tester.internals.settle();
    const gone = await device.endpoint.request({ to: at, method: 'GET', path });
    expect(gone.kind === 'reply' && gone.code).to.equal('4.04');
  });
  it('serves a package over http to who shows user name and password', async () => {
    const credentials = { user: 'box', password: 'made-up' };
    const url = await tester.serve('packageA', { scheme: 'http', credentials });
    expect((await fetch(url)).status).to.equal(401);
    const authorization = `Basic ${Buffer.from('box:made-up').toString('base64')}`;
    const got = await fetch(url, { headers: { authorization } });
    expect(Buffer.from(await got.arrayBuffer())).to.have.lengthOf(3000);
    const asked = log()
      .all(fetches)
      .filter((f) => f.authorised !== undefined);
    expect(asked.map((f) => [f.served, f.authorised])).to.deep.equal([
      ['packageA', false],
      ['packageA', true],
    ]);
    expect(log().last(fetched)).to.include({ served: 'packageA', authorised: true });
  });
  it('fills a URL up to a number of octets', async () => {
    expect(await tester.serve('packageA', { urlOctets: 255 })).to.have.length(255);
  });
  it('sends a request twice with the same octets', async () => {
    const before = device.seen.length;
    await tester.twice('install', { method: 'POST', path: [9, 0, 4] });
    expect([log().first(stepped('install'))?.code, log().first(stepped('install again'))?.code]).to.deep.equal([
      '2.04',
      '2.04',
    ]);
    expect(device.seen.length - before, 'the device has a memory for message ids').to.equal(1);
  });
  it('pings', async () => {
    await tester.ping('ping');
    expect(log().first(stepped('ping'))?.type).to.equal('RST');
  });
  it('looks until it is told to rest', async () => {
    const before = log().all(snapshots).length;
    tester.watch(0);
    await new Promise((resolve) => setTimeout(resolve, 120));
    await tester.rest();
    expect(log().all(snapshots).length).to.be.greaterThan(before);
  });
  it('has the device register anew by the trigger, and answers its Update 4.04 before', async () => {
    triggered = async () => {
      const location = `/rd/${tester.registration().location}`;
      const outcome = await device.endpoint.request({ to: server(), method: 'POST', path: location });
      expect(outcome.kind === 'reply' && outcome.code).to.equal('4.04');
      await register();
    };
    const count = log().all(registrations).length;
    await tester.anew('again');
    expect(log().all(registrations).length).to.equal(count + 1);
    expect(switched).to.deep.equal([]);
  });
  it('switches the power where the device refuses the trigger', async () => {
    triggered = undefined;
    const count = log().all(registrations).length;
    await tester.anew('again');
    expect(log().all(registrations).length).to.equal(count + 1);
    expect(switched).to.deep.equal(['off', 'on']);
  });
  it('leaves the trigger to the console where the rig has a line for it', async () => {
    entries['registerLine'] = 'register now';
    switched.length = 0;
    await tester.anew('again');
    expect(switched).to.deep.equal(['register now']);
  });
  it('waits for a device over DTLS that it remembers from an earlier run, because only the device can begin', async () => {
    const at = { address: '127.0.0.1', port: await freeUdpPort() };
    const psk = { identity: Buffer.from('dev'), key: Buffer.from('0011223344556677', 'hex') };
    const named = { listen: `coaps://127.0.0.1:${at.port}`, endpoint: 'dev', psk: psk.key.toString('hex') };
    // In real time: a handshake takes a busy computer longer than the scaled wait for a registration.
    const timing = timingOf(LWM2M_TIMING, ixit, { protocol: 1, link: 0.1 });
    const again = await openTester({ ...benchWith(named), timing });
    const wire = openDtls({
      wire: await openUdp({ host: '127.0.0.1', port: 0, sink: memorySink(), channel: 'secured' }),
      sink: memorySink(),
      channel: 'secured',
    });
    const secured = openCoap({ wire, sink: memorySink(), channel: 'secured' });
    try {
      const waiting = again.internals.registered();
      await wire.connect(at, { psk }, { deadlineMs: 2000 });
      await secured.request({ to: at, method: 'POST', path: '/rd', query: ['ep=dev', 'lwm2m=1.1', 'lt=3600'] });
      await waiting;
      expect(again.registration().peer.port).to.equal(wire.local.port);
    } finally {
      secured.close();
      await wire.close();
      await again.internals.close();
    }
  });
  it('prints what happened in lines that a reader understands', () => {
    const lines = sink.events.flatMap((e) => printEvent(e, log()) ?? []);
    expect(lines).to.include('→ read /9/0 (first)');
    expect(lines.some((l) => l.includes('Update State (7) DELIVERED (3)'))).to.equal(true);
    expect(lines).to.include('  ping (ping): 0.00 Empty by RST');
  });
});
