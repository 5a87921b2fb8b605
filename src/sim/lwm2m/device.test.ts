import { expect } from 'chai';
import { encodeContent, FORMAT } from '../../lwm2m/codec/content.ts';
import { parsePath, type Path, printPath } from '../../lwm2m/codec/path.ts';
import { boolean, integer, opaque, string, type Value } from '../../lwm2m/codec/value.ts';
import { until } from '../coap/fake-wire.ts';
import { OPTION, textsOf, uintOf } from '../coap/message.ts';
import type { Options } from './options.ts';
import { makePackage, type PackageKind } from './package.ts';
import { Testbench } from './testbench.ts';

const good = makePackage({ kind: 'ok', name: 'app', version: '2.1' });

describe('simulated LwM2M client', () => {
  let bench: Testbench;
  const open = async (options: Partial<Options> = {}): Promise<Testbench> => {
    bench?.close();
    bench = new Testbench(options);
    await bench.registered();
    return bench;
  };
  const installed = async (options: Partial<Options> = {}, kind: PackageKind = 'ok'): Promise<void> => {
    await open(options);
    await bench.push(makePackage({ kind, version: '2.1' }));
    await bench.rest('3/0/0');
    await bench.execute('/9/0/4');
    await bench.rest('4/2/0');
  };
  afterEach(() => bench?.close());

  describe('registration', () => {
    it('registers with its objects, by the rules of its version', async () => {
      await open({ endpoint: 'dev' });
      expect(bench.registrations()).to.deep.equal([
        '0.02 rd?lwm2m=1.1&ep=dev&lt=86400&b=U </1/0>,</3/0>,</9/0>,</9/1>',
      ]);
      await open({ lwm2m: '1.0', queue: 'yes', version: '1.0', components: 'yes' });
      expect(bench.registrations()[0]).to.match(/b=UQ <\/1\/0>,<\/3\/0>,<\/9>;ver="1.0",<\/9\/0>,<\/9\/1>,<\/14>$/);
      await open({ lwm2m: '1.2', queue: 'yes', root: '/lwm2m' });
      expect(bench.registrations()[0]).to.match(/b=U&Q <\/lwm2m>;rt="oma.lwm2m";ct=112,<\/lwm2m\/1\/0>/);
      expect(await bench.text('/lwm2m/9/0/7')).to.equal('0');
    });
    it('updates at half of its lifetime, at a written lifetime and at the trigger', async () => {
      await open();
      await bench.write('/1/0/1', '40');
      await until('two updates', () => bench.registrations().length >= 3);
      expect(bench.registrations().slice(1, 3)).to.deep.equal(['0.02 rd/x0?lt=40', '0.02 rd/x0?']);
      const before = bench.registrations().length;
      await bench.execute('/1/0/8');
      await until('another', () => bench.registrations().length > before);
    });
    it('registers again when the server has forgotten it, and keeps its software', async () => {
      await installed();
      bench.server = 'forgetful';
      bench.device.update();
      await until('a second registration', () => bench.registrations().filter((r) => r.includes('ep=')).length === 2);
      await bench.registered();
      expect(await bench.sra()).to.equal('4/2/0');
    });
    it('keeps trying while the server is not there', async () => {
      bench = new Testbench();
      bench.server = 'gone';
      bench.device.register();
      await until('several attempts', () => bench.registrations().length >= 2);
      bench.server = 'there';
      await bench.registered();
    });
    it('deregisters when disabled and comes back after the time it was told', async () => {
      await open();
      await bench.write('/1/0/5', '10');
      await bench.execute('/1/0/4');
      await until('three requests', () => bench.registrations().length === 3);
      expect(bench.registrations()[1]).to.equal('0.04 rd/x0?');
      await bench.registered();
    });
    it('sleeps in queue mode and listens again after an update', async () => {
      await open({ queue: 'yes' });
      await new Promise((resolve) => setTimeout(resolve, 60));
      expect(await bench.silent({})).to.equal(true);
      bench.device.update();
      expect(await bench.text('/9/0/7')).to.equal('0');
    });
    it('asks a bootstrap server for an account, registers with it, and keeps it over a power cut', async () => {
      bench?.close();
      bench = new Testbench({ bootstrap: 'yes', endpoint: 'dev' });
      await until('the request for an account', () => bench.registrations().length === 1);
      expect(bench.registrations()[0]).to.equal('0.02 bs?ep=dev&pct=112');
      const write = (path: Path, values: readonly (readonly [number, Value])[]): Promise<string> => {
        const entries = values.map(([id, value]) => ({ path: [...path, id], value }));
        const payload = encodeContent(FORMAT.tlv, path, entries);
        return bench.code({ code: 'put', path: printPath(path), format: FORMAT.tlv, payload });
      };
      expect(await bench.code({ code: 'delete', path: '/0' })).to.equal('2.02');
      expect(await bench.code({ code: 'post', path: '/bs' })).to.equal('4.06');
      const links = await bench.ask({ path: '/', accept: FORMAT.link });
      expect(links.payload.toString()).to.equal('</>;lwm2m=1.1,</3/0>,</9>');
      const security = [string('coap://there'), boolean(false), integer(3), opaque(Buffer.of()), opaque(Buffer.of())];
      const ids = [0, 1, 2, 3, 5];
      expect(
        await write(
          [0, 1],
          security.map((value, i) => [ids[i] ?? 0, value] as const),
        ),
      ).to.equal('2.04');
      expect(await write([1, 1], [[1, integer(77)]])).to.equal('2.04');
      expect(await bench.code({ code: 'post', path: '/bs' })).to.equal('2.04');
      await bench.registered();
      expect(bench.registrations()[1]).to.match(/^0.02 rd\?lwm2m=1.1&ep=dev&lt=77&b=U/);
      await bench.powerCut();
      expect(bench.accounts).to.deep.equal([undefined, 'coap://there', 'coap://there']);
      bench.device.factoryReset();
      await until('another request for an account', () => bench.accounts.length === 4);
      expect(bench.accounts[3]).to.equal(undefined);
    });
    it('with the fault account-lifetime-ignored registers with a lifetime of its own', async () => {
      bench?.close();
      bench = new Testbench({ bootstrap: 'yes', endpoint: 'dev', lifetime: 300 }, { ignoresAccountLifetime: true });
      await until('the request for an account', () => bench.registrations().length === 1);
      const put = (path: string, id: number, value: Value): Promise<string> => {
        const at = parsePath(path) ?? [];
        const payload = encodeContent(FORMAT.tlv, at, [{ path: [...at, id], value }]);
        return bench.code({ code: 'put', path, format: FORMAT.tlv, payload });
      };
      await put('/0/1', 0, string('coap://there'));
      await put('/1/0', 1, integer(77));
      await bench.code({ code: 'post', path: '/bs' });
      await bench.registered();
      expect(bench.registrations()[1]).to.contain('lt=300');
    });
    it('answers nobody but its server', async () => {
      await open();
      expect(await bench.silent({ from: { address: '127.0.0.1', port: 1 } })).to.equal(true);
    });
  });

  describe('data model', () => {
    it('reads a resource in every format of its version, and chooses one without Accept', async () => {
      await open({ lwm2m: '1.2' });
      const formats: readonly [number, string][] = [
        [FORMAT.text, '30'],
        [FORMAT.cbor, '00'],
        [FORMAT.tlv, 'c10700'],
        [FORMAT.lwm2mCbor, 'bf8309000700ff'],
        [FORMAT.senmlCbor, '81a221662f392f302f370200'],
      ];
      for (const [accept, hex] of formats) {
        const { payload, options } = await bench.ask({ path: '/9/0/7', accept });
        expect([payload.toString('hex'), uintOf({ options }, OPTION.contentFormat)]).to.deep.equal([hex, accept]);
      }
      expect(uintOf(await bench.ask({ path: '/9/0/7' }), OPTION.contentFormat) ?? 0).to.equal(FORMAT.text);
      const whole = await bench.ask({ path: '/9/0' });
      expect([uintOf(whole, OPTION.contentFormat), whole.payload.toString('hex')]).to.deep.equal([
        FORMAT.tlv,
        'c000c001c10700c10800c10900c10c00',
      ]);
    });
    const refusals: readonly [string, Parameters<Testbench['ask']>[0], string][] = [
      ['Read of Package', { path: '/9/0/2' }, '4.05'],
      ['Read of Install', { path: '/9/0/4' }, '4.05'],
      ['Read of the security object', { path: '/0/0' }, '4.01'],
      ['Read of an unknown resource', { path: '/9/0/99' }, '4.04'],
      ['Read of an unknown instance', { path: '/9/7' }, '4.04'],
      ['Read in an unknown format', { accept: 1542 }, '4.06'],
      ['Read of an instance as text', { path: '/9/0', accept: 0 }, '4.06'],
      ['Write of Update State', { code: 'put', format: 0, payload: '3' }, '4.05'],
      ['Execute of PkgName', { code: 'post', path: '/9/0/0' }, '4.05'],
      ['Write in an early format', { code: 'put', path: '/9/0/2', format: 1542, payload: 'x' }, '4.15'],
      ['Write of another type', { code: 'put', path: '/9/0/8', format: FORMAT.text, payload: 'x' }, '4.00'],
      ['Write-Attributes of a later version', { code: 'put', queries: ['edge=1'] }, '4.00'],
      ['Create', { code: 'post', path: '/9', format: FORMAT.tlv, payload: Buffer.from('0002', 'hex') }, '4.05'],
      ['Delete of the object', { code: 'delete', path: '/9' }, '4.05'],
      ['an unknown critical option', { extra: [{ number: 65_001, value: Buffer.of() }] }, '4.02'],
      ['an unknown elective option', { extra: [{ number: 65_000, value: Buffer.of() }] }, '2.05'],
    ];
    for (const [what, ask, code] of refusals)
      it(`answers ${what} with ${code}`, async () => {
        await open();
        expect(await bench.code(ask)).to.equal(code);
        expect(await bench.sra()).to.equal('0/0/0');
      });
    it('lists exactly its resources in Discover, with attributes', async () => {
      await open();
      await bench.code({ code: 'put', path: '/9/0/7', queries: ['pmin=1', 'pmax=3'] });
      const { payload } = await bench.ask({ path: '/9/0', accept: FORMAT.link });
      expect(payload.toString()).to.equal(
        '</9/0>,</9/0/0>,</9/0/1>,</9/0/2>,</9/0/3>,</9/0/4>,</9/0/6>,</9/0/7>;pmin=1;pmax=3,</9/0/8>,</9/0/9>,</9/0/10>,</9/0/11>,</9/0/12>',
      );
    });
    it('creates and deletes instances where it may, and takes a refused Create back', async () => {
      await open({ create: 'yes', delete: 'yes' });
      const create = (hex: string) =>
        bench.ask({ code: 'post', path: '/9', format: FORMAT.tlv, payload: Buffer.from(hex, 'hex') });
      const first = await create('');
      expect([first.code, textsOf(first, OPTION.locationPath)]).to.deep.equal(['2.01', ['9', '2']]);
      expect((await create('0005')).code).to.equal('2.01');
      expect((await create('0005')).code).to.equal('4.00');
      expect((await create('0009')).code).to.equal('4.05');
      const path = [9, 6, 3];
      const bad = encodeContent(FORMAT.senmlJson, [], [{ path, value: { type: 'String', value: 'no uri' } }]);
      expect(await bench.code({ code: 'post', path: '/9', format: FORMAT.senmlJson, payload: bad })).to.equal('4.00');
      expect(await bench.text('/9/6/7')).to.equal('4.04');
      expect(await bench.code({ code: 'delete', path: '/9/5' })).to.equal('2.02');
      expect(await bench.text('/9/5/7')).to.equal('4.04');
      bench.device.update();
      await until('an update', () => bench.registrations().length === 2);
      expect(bench.registrations()[1]).to.match(/<\/9\/1>,<\/9\/2>$/);
    });
    it('reads and writes several resources at once from version 1.1 on', async () => {
      await open();
      const entries = [7, 9, 12].map((r) => ({ path: [9, 0, r] }));
      const payload = encodeContent(FORMAT.senmlJson, [], entries);
      const ask = { code: 'fetch' as const, path: '/', format: FORMAT.senmlJson, accept: FORMAT.senmlJson, payload };
      expect(JSON.parse((await bench.ask(ask)).payload.toString())).to.deep.equal([
        { n: '/9/0/7', v: 0 },
        { n: '/9/0/9', v: 0 },
        { n: '/9/0/12', vb: false },
      ]);
      const value = { type: 'Boolean' as const, value: true };
      const both = encodeContent(
        FORMAT.senmlCbor,
        [],
        [
          { path: [9, 0, 8], value },
          { path: [9, 1, 8], value },
        ],
      );
      expect(await bench.code({ code: 'ipatch', path: '/', format: FORMAT.senmlCbor, payload: both })).to.equal('2.04');
      expect(await bench.text('/9/1/8')).to.equal('1');
      await open({ lwm2m: '1.0' });
      expect(await bench.code(ask)).to.equal('4.05');
    });
    it('with the fault composite-write-lost answers a composite Write and writes nothing', async () => {
      bench?.close();
      bench = new Testbench({}, { losesCompositeWrite: true });
      await bench.registered();
      const payload = encodeContent(FORMAT.senmlCbor, [], [{ path: [9, 0, 8], value: boolean(true) }]);
      expect(await bench.code({ code: 'ipatch', path: '/', format: FORMAT.senmlCbor, payload })).to.equal('2.04');
      expect(await bench.text('/9/0/8')).to.equal('0');
    });
    it('shows components with links while their package is there', async () => {
      await open({ components: 'yes' });
      const components = [
        { identity: 'core', version: '1' },
        { identity: 'skin', version: '2' },
      ];
      await bench.push(makePackage({ kind: 'ok', components }));
      await bench.rest('3/0/0');
      expect(await bench.execute('/14/1/3')).to.equal('4.05');
      await bench.execute('/9/0/4');
      await bench.rest('4/2/0');
      expect([await bench.text('/9/0/18'), await bench.text('/14/1/0'), await bench.text('/14/1/2')]).to.deep.equal([
        '2',
        'skin',
        '2',
      ]);
      await bench.execute('/14/1/3');
      expect([await bench.text('/14/0/5'), await bench.text('/14/1/5'), await bench.text('/9/0/12')]).to.deep.equal([
        '0',
        '1',
        '0',
      ]);
      await bench.execute('/9/0/6');
      await bench.rest('0/0/0');
      expect([await bench.text('/14/0/0'), await bench.text('/9/0/18')]).to.deep.equal(['4.04', '0']);
    });
  });

  describe('reporting', () => {
    const observe = (path: string, token = 1) => bench.ask({ path, observe: 0, token });
    const values = (token = 1) => bench.notified(token).map(({ payload }) => payload.toString());

    it('notifies every state of a cycle, with rising numbers', async () => {
      await open({ confirmEvery: 1000 });
      const first = await observe('/9/0/7');
      await bench.push(good);
      await bench.rest('3/0/0');
      await bench.execute('/9/0/4');
      await bench.rest('4/2/0');
      expect(values()).to.deep.equal(['1', '2', '3', '4']);
      const numbers = [first, ...bench.notified()].map((m) => uintOf(m, OPTION.observe));
      expect(numbers).to.deep.equal([1000, 1001, 1002, 1003, 1004]);
    });
    it('notifies an instance as a whole and several resources together', async () => {
      await open();
      await observe('/9/0', 2);
      const payload = encodeContent(FORMAT.senmlCbor, [], [{ path: [9, 0, 7] }, { path: [9, 0, 9] }]);
      await bench.ask({ code: 'fetch', path: '/', format: FORMAT.senmlCbor, payload, observe: 0, token: 3 });
      await bench.push(good);
      await bench.rest('3/0/0');
      expect(bench.notified(2).length).to.equal(3);
      expect(bench.notified(3).length).to.equal(3);
    });
    it('holds back until pmin has passed and repeats after pmax', async () => {
      await open({ confirmEvery: 1000 });
      await bench.code({ code: 'put', path: '/9/0/7', queries: ['pmin=20', 'pmax=40'] });
      await observe('/9/0/7');
      await bench.push(good);
      await bench.rest('3/0/0');
      await until('two notifications', () => values().length >= 2);
      expect(values().slice(0, 2)).to.deep.equal(['3', '3']);
    });
    it('with the fault composite-unnotified tells nothing where several resources are observed', async () => {
      bench?.close();
      bench = new Testbench({}, { compositeUnnotified: true });
      await bench.registered();
      const paths = [7, 9].map((id) => ({ path: [9, 0, id] }));
      const payload = encodeContent(FORMAT.senmlCbor, [], paths);
      const asked = await bench.ask({
        code: 'fetch',
        path: '/',
        format: FORMAT.senmlCbor,
        payload,
        observe: 0,
        token: 3,
      });
      expect(asked.code).to.equal('2.05');
      await bench.push(good);
      await bench.rest('3/0/0');
      expect(bench.notified(3)).to.deep.equal([]);
    });
    it('ends at a deregistration, at a reset and at a new registration', async () => {
      await open();
      await observe('/9/0/7');
      await bench.ask({ path: '/9/0/7', observe: 1 });
      await observe('/9/0/9', 2);
      bench.device.register();
      await until('the registration', () => bench.registrations().length === 2);
      await bench.registered();
      await bench.push(good);
      await bench.rest('3/0/0');
      expect([...values(1), ...values(2)]).to.deep.equal([]);
    });
  });

  it('reboots and is reset by the device object', async () => {
    await installed();
    await bench.execute('/3/0/4');
    await until('a registration after the reboot', () => bench.registrations().length === 2);
    await bench.registered();
    expect(await bench.sra()).to.equal('4/2/0');
    await bench.execute('/3/0/5');
    await until('a registration after the reset', () => bench.registrations().length === 3);
    await bench.registered();
    expect(await bench.sra()).to.equal('0/0/0');
  });
});
