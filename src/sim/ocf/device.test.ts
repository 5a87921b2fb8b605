import { expect } from 'chai';
import { PROPERTIES } from '../../ocf/codec/swu.ts';
import { until } from '../coap/fake-wire.ts';
import type { Options } from './options.ts';
import { Testbench } from './testbench.ts';

const MANDATORY = ['purl', 'swupdateaction', 'swupdatestate', 'swupdateresult', 'updatetime'];
const FUTURE = '2031-01-09T14:30:00Z';
const whole = { purl: 'https://example.com/one', swupdateaction: 'idle', updatetime: FUTURE };

describe('simulated OCF device: discovery and RETRIEVE', () => {
  let bench: Testbench;
  const open = (options: Partial<Options> = {}): void => {
    bench = new Testbench(options);
  };
  afterEach(() => bench.close());

  it('lists one observable link for the resource type, with anchor, both interfaces and its endpoint', async () => {
    open();
    const { code, list } = await bench.must({ path: '/oic/res', queries: ['rt=oic.r.softwareupdate'] });
    expect(code).to.equal('2.05');
    expect(list).to.have.length(1);
    expect(list[0]).to.deep.include({
      href: '/oc/swu',
      rt: ['oic.r.softwareupdate'],
      if: ['oic.if.rw', 'oic.if.baseline'],
      p: { bm: 3 },
      eps: [{ ep: 'coap://127.0.0.1:49152' }],
    });
    expect(list[0]?.['anchor']).to.match(/^ocf:\/\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });
  it('answers a group request that matches, and is silent where nothing does', async () => {
    open();
    const found = await bench.askGroup({ path: '/oic/res', queries: ['rt=oic.r.softwareupdate'] });
    expect(found.map((m) => [m.code, m.list.length])).to.deep.equal([['2.05', 1]]);
    expect(await bench.askGroup({ path: '/oic/res', queries: ['rt=oic.r.none'] })).to.deep.equal([]);
    expect(await bench.askGroup({ path: '/nowhere' })).to.deep.equal([]);
    expect((await bench.must({ path: '/oic/res', queries: ['rt=oic.r.none'] })).list).to.deep.equal([]);
  });
  it('lists all its resources, by the baseline interface inside one', async () => {
    open();
    const hrefs = (await bench.must({ path: '/oic/res' })).list.map(({ href }) => href);
    expect(hrefs).to.deep.equal(['/oic/res', '/oic/d', '/oic/p', '/oc/swu']);
    const [baseline] = (await bench.must({ path: '/oic/res', queries: ['if=oic.if.baseline'] })).list;
    expect(baseline).to.include.keys('rt', 'if', 'links');
  });
  it('tells the running version in /oic/d and /oic/p', async () => {
    open({ version: '1.2.3' });
    expect((await bench.must({ path: '/oic/d' })).map).to.include({ sv: '1.2.3' });
    expect((await bench.must({ path: '/oic/p' })).map).to.include({ mnfv: '1.2.3' });
  });
  it('shows the factory state by the read-write interface and adds rt and if by the baseline interface', async () => {
    open();
    const rw = await bench.read();
    expect(rw).to.deep.equal({
      purl: '',
      nv: '',
      signed: 'vendor',
      swupdateaction: 'idle',
      swupdatestate: 'idle',
      swupdateresult: 0,
      lastupdate: '2020-01-01T00:00:00Z',
      updatetime: '1970-01-01T00:00:00Z',
    });
    const { map } = await bench.must({ queries: ['if=oic.if.baseline'] });
    expect(map).to.deep.equal({ rt: ['oic.r.softwareupdate'], if: ['oic.if.rw', 'oic.if.baseline'], ...rw });
  });
  it('sends octet for octet what a shipping device sends, as far as properties go', async () => {
    open({ cbor: 'indefinite', lastupdate: 'no' });
    expect((await bench.must()).payload.toString('hex')).to.equal(
      'bf647075726c60626e7660667369676e65646676656e646f726e7377757064617465616374696f6e6469646c656d737775706461746573746174656469646c656e7377757064617465726573756c74006a75706461746574696d6574313937302d30312d30315430303a30303a30305aff',
    );
  });
  it('leaves optional properties out and shows common ones, as its options say', async () => {
    open({ nv: 'no', lastupdate: 'no', signed: 'no', n: 'yes', id: 'yes', text: 'draft' });
    const { map } = await bench.must({ queries: ['if=oic.if.baseline'] });
    expect(Object.keys(map)).to.have.members([
      'rt',
      'if',
      'n',
      'id',
      ...MANDATORY.map((name) => (name === 'updatetime' ? 'updateTime' : name)),
    ]);
  });
  it('answers in content format 10000 with version 1.0.0', async () => {
    open();
    const options = (await bench.must()).options.map(({ name, value }) => [name, value.toString('hex')]);
    expect(options).to.deep.equal([
      ['Content-Format', '2710'],
      ['OCF-Content-Format-Version', '0800'],
    ]);
  });
  it('refuses other interfaces, formats, methods and paths', async () => {
    open();
    const accept = [{ name: 'Accept', value: Buffer.of(60) }];
    const json = [{ name: 'Content-Format', value: Buffer.of(50) }];
    const codes = [
      await bench.ask({ queries: ['if=oic.if.a'] }),
      await bench.ask({ options: accept }),
      await bench.ask({ code: 'POST', body: whole, options: json }),
      await bench.ask({ code: 'PUT', body: whole }),
      await bench.ask({ code: 'DELETE' }),
      await bench.ask({ path: '/nowhere' }),
      await bench.ask({ path: '/oic/d', code: 'POST', body: whole }),
    ].map((answer) => answer?.code);
    expect(codes).to.deep.equal(['4.00', '4.06', '4.15', '4.05', '4.05', '4.04', '4.05']);
    expect(await bench.read()).to.include({ purl: '' });
  });
  it('acknowledges first and answers later where it is told to', async () => {
    open({ separate: 'yes' });
    const first = await bench.must();
    expect([first.ack, first.code]).to.deep.equal([true, '0.00']);
    await until('the separate answer', () => bench.sent().some((m) => m.confirmable && m.code === '2.05'));
  });
});

describe('simulated OCF device: UPDATE', () => {
  let bench: Testbench;
  const post = async (body: object, options: Partial<Options> = {}, queries: string[] = []): Promise<string> => {
    bench?.close();
    bench = new Testbench(options);
    return (await bench.must({ code: 'POST', body: body as never, queries })).code;
  };
  afterEach(() => bench.close());

  for (const iface of ['oic.if.rw', 'oic.if.baseline'])
    it(`answers 2.04 with the five mandatory properties by ${iface} and stores the new values`, async () => {
      expect(await post(whole, {}, [`if=${iface}`])).to.equal('2.04');
      expect(bench.sent().at(-1)?.map).to.include.keys(MANDATORY).and.to.include(whole);
      expect(await bench.read()).to.include(whole);
    });
  it('takes a UPDATE in blocks and answers in blocks', async () => {
    bench = new Testbench({ blockSize: '64' });
    const { encodeCbor } = await import('../../ocf/codec/cbor.ts');
    const body = encodeCbor(whole);
    const block = (n: number, more: boolean) => [{ name: 'Block1', value: Buffer.of(n * 16 + (more ? 8 : 0) + 2) }];
    const first = await bench.must({ code: 'POST', raw: body.subarray(0, 64), options: block(0, true) });
    expect(first.code).to.equal('2.31');
    const last = await bench.must({ code: 'POST', raw: body.subarray(64), options: block(1, false), token: 2 });
    expect([last.code, last.options.map(({ name }) => name)]).to.deep.equal([
      '2.04',
      ['ETag', 'Content-Format', 'Block2', 'Block1', 'Size2', 'OCF-Content-Format-Version'],
    ]);
    expect(last.payload).to.have.length(64);
  });

  const refused: readonly [string, object][] = [
    ['purl missing', { swupdateaction: 'idle', updatetime: FUTURE }],
    ['action missing', { purl: '', updatetime: FUTURE }],
    ['updatetime missing', { purl: '', swupdateaction: 'idle' }],
    ['unknown action', { ...whole, swupdateaction: 'reboot' }],
    ['upper-case action', { ...whole, swupdateaction: 'IDLE' }],
    ['draft action', { ...whole, swupdateaction: 'isv' }],
    ['integer action', { ...whole, swupdateaction: 1 }],
    ['read-only property', { ...whole, swupdatestate: 'idle' }],
    ['unknown property', { ...whole, updateTime: FUTURE }],
    ['month 13', { ...whole, updatetime: '2031-13-01T00:00:00Z' }],
    ['30 February', { ...whole, updatetime: '2031-02-30T00:00:00Z' }],
    ['empty time', { ...whole, updatetime: '' }],
    ['time without seconds', { ...whole, updatetime: '2031-01-09T14:30Z' }],
    ['leap second', { ...whole, updatetime: '2031-12-31T23:59:60Z' }],
    ['past action', { ...whole, swupdateaction: 'upgrade', updatetime: '2020-01-01T00:00:00Z' }],
    ['relative URL', { ...whole, purl: '/one' }],
    ['URL of 65 characters', { ...whole, purl: 'https://example.com/'.padEnd(65, 'x') }],
    ['purl that is no text', { ...whole, purl: 5 }],
  ];
  for (const [what, body] of refused)
    it(`refuses ${what} and changes nothing`, async () => {
      expect(await post(body)).to.equal('4.00');
      expect(await bench.read()).to.include({ purl: '', updatetime: '1970-01-01T00:00:00Z', swupdateaction: 'idle' });
    });
  it('refuses what is no CBOR map, and still answers', async () => {
    bench = new Testbench();
    for (const hex of ['80', '05', '6161', '81a16161820102', 'a26470', 'ff00ff', 'a2647075726c60647075726c60'])
      expect((await bench.must({ code: 'POST', raw: Buffer.from(hex, 'hex') })).code, hex).to.equal('4.00');
    expect(await bench.read()).to.include.keys(MANDATORY);
  });

  const accepted: readonly [string, object, Partial<Options>, object][] = [
    ['purl of 64 characters', { ...whole, purl: 'https://example.com/'.padEnd(64, 'x') }, {}, {}],
    ['longer purl', { ...whole, purl: 'https://example.com/'.padEnd(65, 'x') }, { longPurl: 'accept' }, {}],
    [
      'time with offset, as the same instant',
      { ...whole, updatetime: '2031-01-09T16:00:00+01:30' },
      {},
      { updatetime: FUTURE },
    ],
    ['body without purl', { swupdateaction: 'idle', updatetime: FUTURE }, { partialUpdate: 'accept' }, { purl: '' }],
    ['purl alone', { purl: 'coap://h/p' }, { partialUpdate: 'accept' }, { swupdateaction: 'idle' }],
    [
      'past action',
      { ...whole, swupdateaction: 'isac', updatetime: '2020-01-01T00:00:00Z' },
      { pastUpdate: 'accept' },
      {},
    ],
    ['past idle', { ...whole, updatetime: '2020-01-01T00:00:00Z' }, {}, {}],
    ['read-only property, ignored', { ...whole, swupdateresult: 5 }, { silentIgnore: 'yes' }, { swupdateresult: 0 }],
    ['unsupported protocol', { ...whole, purl: 'ftp://h/p' }, {}, {}],
    [
      'draft spelling',
      { purl: '', swupdateaction: 'isv', updateTime: FUTURE },
      { text: 'draft' },
      { swupdateaction: 'isvv', updateTime: FUTURE },
    ],
    [
      'leap second',
      { ...whole, updatetime: '2031-12-31T23:59:60Z' },
      { leapSecond: 'accept' },
      { updatetime: '2032-01-01T00:00:00Z' },
    ],
    ['none', { ...whole, updatetime: 'none' }, { specialTime: 'yes' }, { updatetime: '1970-01-01T00:00:00Z' }],
    ['name', { ...whole, n: 'kitchen' }, { n: 'yes' }, {}],
  ];
  for (const [what, body, options, shown] of accepted)
    it(`accepts ${what} where its options say so`, async () => {
      expect(await post(body, options)).to.equal('2.04');
      const { n: _n, swupdateresult: _result, ...stored } = { ...(body as Record<string, unknown>) };
      delete stored['updateTime'];
      expect(await bench.read()).to.include({ ...stored, ...shown });
    });
  it('refuses POST by the baseline interface where it claims the draft', async () => {
    expect(await post(whole, { text: 'draft' }, ['if=oic.if.baseline'])).to.equal('4.05');
  });
  it('has a table of properties that the device serves and no others', async () => {
    bench = new Testbench();
    expect(await bench.read()).to.have.all.keys(Object.keys(PROPERTIES));
  });
});
