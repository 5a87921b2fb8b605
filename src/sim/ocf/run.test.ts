import type { Server } from 'node:http';
import { expect } from 'chai';
import { RESULTS } from '../../ocf/codec/swu.ts';
import { Endpoint, linkTiming } from '../coap/endpoint.ts';
import { blockwise } from '../coap/blocks.ts';
import { FakeWire } from '../coap/fake-wire.ts';
import { openUdp } from '../../link/udp.ts';
import { noSink } from '../process.ts';
import type { Options } from './options.ts';
import { makePackage, type PackageKind } from './package.ts';
import { serve, Testbench, type Told } from './testbench.ts';

describe('simulated OCF device: runs', () => {
  let bench: Testbench;
  let server: Server | undefined;
  let url = '';
  let requests: string[] = [];
  const closing: (() => unknown)[] = [];
  const open = (options: Partial<Options> = {}): Testbench => {
    bench = new Testbench(options);
    return bench;
  };
  const offer = async (kind: PackageKind): Promise<void> => {
    const data = makePackage({ kind });
    ({ url, server } = await serve((request, response) => {
      requests.push(request.headers.range === undefined ? 'whole' : 'head');
      response.end(data);
    }));
  };
  const states = (): unknown[] =>
    bench
      .sent()
      .filter((m) => m.options.some(({ name }) => name === 'Observe'))
      .map((m) => m.map['swupdatestate'])
      .filter((state, i, all) => state !== all[i - 1]);
  const observe = (
    value: number,
    more: { token?: number; from?: { address: string; port: number } } = {},
  ): Promise<Told> =>
    bench.must({ options: [{ name: 'Observe', value: value === 0 ? Buffer.alloc(0) : Buffer.of(value) }], ...more });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
    bench.close();
    server?.close();
    server?.closeAllConnections();
    requests = [];
  });

  it('isac looks at the head of the package only and rests in nsa with the new version', async () => {
    await offer('ok');
    open();
    await bench.update('isac', url, 4);
    expect(await bench.read()).to.include({ swupdateaction: 'isac', swupdatestate: 'idle' });
    await bench.rest('nsa');
    expect(await bench.read()).to.include({
      swupdateaction: 'idle',
      swupdatestate: 'nsa',
      swupdateresult: 0,
      nv: '2.0.0',
    });
    expect(requests).to.deep.equal(['head']);
  });
  it('isvv downloads and verifies; the upgrade that follows fetches nothing again', async () => {
    await offer('ok');
    open();
    await bench.update('isvv', url, 1);
    await bench.rest('sva');
    expect(requests).to.deep.equal(['head', 'whole']);
    await bench.update('upgrade', url, 1);
    await bench.rest('idle');
    expect(requests).to.deep.equal(['head', 'whole']);
    expect(await bench.read()).to.include({ swupdateresult: RESULTS.success, nv: '' });
    expect((await bench.must({ path: '/oic/p' })).map).to.include({ mnfv: '2.0.0' });
  });
  it('a whole upgrade is notified state by state with rising numbers, and the last notification equals a RETRIEVE', async () => {
    await offer('ok');
    open({ confirmEvery: 1000 });
    await observe(0);
    await bench.update('upgrade', url, 1);
    await bench.rest('idle');
    expect(states()).to.deep.equal(['idle', 'nsa', 'svv', 'sva', 'upgrading', 'idle']);
    const told = bench.sent().filter((m) => m.options.some(({ name }) => name === 'Observe'));
    const numbers = told.map((m) => m.options.find(({ name }) => name === 'Observe')?.value.readUInt16BE(0) ?? 0);
    expect(numbers).to.deep.equal(numbers.map((_, i) => (numbers[0] ?? 0) + i));
    expect(told.at(-1)?.map).to.deep.equal(await bench.read());
    expect(told.at(-1)?.map['lastupdate'])
      .to.match(/^2\d{3}-.*Z$/)
      .and.not.to.equal('2020-01-01T00:00:00Z');
  });
  it('notifies an UPDATE of another client, with the interface of the registration, until deregistered', async () => {
    open();
    const from = { address: '127.0.0.1', port: 40_001 };
    await bench.must({
      queries: ['if=oic.if.baseline'],
      token: 5,
      options: [{ name: 'Observe', value: Buffer.alloc(0) }],
      from,
    });
    await bench.update('idle', 'coap://h/1', 60);
    const [notification] = bench.sent().slice(-2);
    expect(notification?.map).to.include.keys('rt').and.to.include({ purl: 'coap://h/1' });
    await bench.must({ token: 5, options: [{ name: 'Observe', value: Buffer.of(1) }], from });
    const before = bench.sent().length;
    await bench.update('idle', 'coap://h/2', 60);
    expect(bench.sent()).to.have.length(before + 1);
  });

  const failures: readonly [PackageKind, string, number][] = [
    ['tooBigRam', 'idle', RESULTS.tooLittleRam],
    ['tooBigFlash', 'idle', RESULTS.tooLittleFlash],
    ['badSignature', 'idle', RESULTS.validationFailed],
    ['truncated', 'idle', RESULTS.validationFailed],
    ['failsAtInstall', 'idle', RESULTS.updateFailed],
    ['old', 'idle', RESULTS.idle],
  ];
  for (const [kind, state, result] of failures)
    it(`an upgrade to a package of kind ${kind} ends in ${state} with result ${result} and the old version`, async () => {
      await offer(kind);
      open();
      await bench.update('upgrade', url, 1);
      await bench.rest(state);
      expect(await bench.read()).to.include({ swupdateresult: result, swupdatestate: state, swupdateaction: 'idle' });
      expect(bench.device.version).to.equal('1.0.0');
    });
  for (const status of [404, 500, 503])
    it(`reports the status ${status} of the package server`, async () => {
      ({ url, server } = await serve((_, response) => response.writeHead(status).end()));
      open();
      await bench.update('isac', url, 0.2);
      await bench.rest('idle');
      expect(await bench.read()).to.include({ swupdateresult: status });
    });
  it('reports a lost connection when the server closes in the middle, stalls or is not there', async () => {
    const data = makePackage({ kind: 'ok' });
    const half = data.subarray(0, 5000);
    ({ url, server } = await serve((request, response) => {
      response.writeHead(200, { 'content-length': data.length });
      response.write(
        half,
        () => request.url === '/p?close' && request.headers.range === undefined && response.destroy(),
      );
    }));
    open({ stallMs: 20_000 });
    for (const purl of [`${url}?close`, `${url}?stall`, 'http://127.0.0.1:1/p']) {
      await bench.update('idle', 'coap://none/', 60);
      bench.device.factoryReset();
      await bench.update('isvv', purl, 0.2);
      await bench.rest('idle');
      expect(await bench.read(), purl).to.include({ swupdateresult: RESULTS.connectionLost });
    }
  });
  it('reports an invalid URL and an unsupported protocol', async () => {
    open();
    for (const [purl, result] of [
      ['http://none.invalid/p', 6],
      ['', 6],
      ['ftp://h/p', 7],
    ] as const) {
      await bench.update('upgrade', purl, 0.2);
      await bench.rest('idle');
      expect(await bench.read(), purl).to.include({ swupdateresult: result });
    }
  });
  it('fetches over CoAP, block by block, and maps its error codes', async () => {
    const wire = await openUdp({ host: '127.0.0.1', port: 0, sink: noSink(), channel: 'packages' });
    closing.push(() => wire.close());
    const data = makePackage({ kind: 'ok' });
    const handler = blockwise(
      ({ message }) =>
        message.options.some((o) => o.value.toString() === 'p') ? { code: '2.05', payload: data } : { code: '4.04' },
      {
        szx: 6,
        maxBody: 0,
      },
    );
    const packages = new Endpoint(wire, linkTiming(1), handler);
    closing.push(() => packages.close());
    open();
    await bench.update('isvv', `coap://127.0.0.1:${wire.local.port}/p`, 0.2);
    await bench.rest('sva');
    await bench.update('isvv', `coap://127.0.0.1:${wire.local.port}/q`, 0.2);
    await bench.rest('idle');
    expect(await bench.read()).to.include({ swupdateresult: 404 });
  });
  it('uses its built-in URL for an empty one', async () => {
    await offer('ok');
    open({ builtinUrl: url });
    await bench.update('isac', '', 0.2);
    await bench.rest('nsa');
  });
  it('with CHAIN isac goes on to the upgrade', async () => {
    await offer('ok');
    open({ chain: 'yes' });
    await bench.update('isac', url, 0.2);
    await bench.waitFor('upgrading');
    await bench.rest('idle');
    expect(bench.device.version).to.equal('2.0.0');
  });
  it('starts at the time and not before, and not when it was replaced or cancelled', async () => {
    await offer('ok');
    open();
    await bench.update('isac', url, 15);
    await bench.pass(5);
    expect(requests, 'before the time').to.deep.equal([]);
    await bench.update('isac', url, 25);
    await bench.pass(20);
    expect(requests, 'replaced').to.deep.equal([]);
    await bench.update('idle', url, 10);
    await bench.pass(20);
    expect(requests, 'cancelled').to.deep.equal([]);
    expect(await bench.read()).to.include({ swupdatestate: 'idle', swupdateaction: 'idle' });
  });
  it('takes "now" where it is told to', async () => {
    await offer('ok');
    open({ specialTime: 'yes' });
    const body = { purl: url, swupdateaction: 'isac', updatetime: 'now' };
    expect((await bench.must({ code: 'POST', body })).map['updatetime']).to.match(/^2\d{3}-/);
    await bench.rest('nsa');
  });
  it('does not run what it accepted for the past', async () => {
    await offer('ok');
    open({ pastUpdate: 'accept' });
    await bench.update('isac', url, -5);
    await bench.pass(6);
    expect(requests).to.deep.equal([]);
  });
  it('is off the net during the reboot where it is told to, and has forgotten its observers', async () => {
    await offer('ok');
    open({ reboot: 'offline', confirmEvery: 1000 });
    await observe(0);
    await bench.update('upgrade', url, 0.2);
    await bench.waitFor('upgrading');
    await bench.rest('idle');
    expect(states().at(-1)).to.equal('upgrading');
    expect(await bench.read()).to.include({ swupdateresult: 1 });
  });

  describe('power', () => {
    it('keeps a pending action over a power cut and runs it at its time', async () => {
      await offer('ok');
      open();
      await bench.update('isac', url, 20);
      bench.powerCut();
      expect(await bench.read()).to.include({ swupdateaction: 'isac', purl: url });
      await bench.rest('nsa');
    });
    it('drops what was due while the power was off, or runs it, as its options say', async () => {
      await offer('ok');
      for (const overdueAtBoot of ['skip', 'run'] as const) {
        open({ overdueAtBoot });
        await bench.update('isac', url, 1);
        bench.powerCut(true);
        await bench.pass(2);
        bench.powerOn();
        if (overdueAtBoot === 'run') await bench.until('a request', () => requests.length === 1);
        else await bench.pass(8);
        expect(requests, overdueAtBoot).to.have.length(overdueAtBoot === 'run' ? 1 : 0);
        bench.close();
      }
    });
    const cuts: readonly [string, number][] = [
      ['svv', RESULTS.connectionLost],
      ['upgrading', RESULTS.updateFailed],
    ];
    for (const [state, result] of cuts)
      it(`comes back from a cut in ${state} in idle with result ${result} and the old version`, async () => {
        await offer('ok');
        open();
        await bench.update('upgrade', url, 0.2);
        await bench.waitFor(state);
        bench.powerCut();
        expect(await bench.read()).to.include({
          swupdatestate: 'idle',
          swupdateresult: result,
          swupdateaction: 'idle',
        });
        expect(bench.device.version).to.equal('1.0.0');
      });
    it('or starts the interrupted run again', async () => {
      await offer('ok');
      open({ bootRecovery: 'retry' });
      await bench.update('upgrade', url, 0.2);
      await bench.waitFor('upgrading');
      bench.powerCut();
      await bench.waitFor('upgrading');
      await bench.rest('idle');
      expect(bench.device.version).to.equal('2.0.0');
    });
    it('still has a validated package after a cut', async () => {
      await offer('ok');
      open();
      await bench.update('isvv', url, 0.2);
      await bench.rest('sva');
      bench.powerCut();
      expect(await bench.read()).to.include({ swupdatestate: 'sva' });
      await bench.update('upgrade', url, 0.2);
      await bench.rest('idle');
      expect(requests).to.have.length(2);
    });
    it('keeps its identity over a cut and over a factory reset, which brings everything else back', async () => {
      open();
      const id = async (): Promise<unknown> => (await bench.must({ path: '/oic/d' })).map['di'];
      const before = await id();
      const factory = await bench.read();
      await bench.update('upgrade', 'coap://h/p', 600);
      bench.device.flash('9.9.9');
      bench.powerCut();
      bench.device.factoryReset();
      expect(await bench.read()).to.deep.equal(factory);
      expect([await id(), bench.device.version]).to.deep.equal([before, '1.0.0']);
      expect(bench.wire).to.be.instanceOf(FakeWire);
    });
  });
});
