import { expect } from 'chai';
import type { ClientCredentials } from '../../../link/dtls/credentials.ts';
import { makePackage } from '../package.ts';
import { serve } from '../testbench.ts';
import { writeTime } from '../time.ts';
import { uuidOctets } from './keys.ts';
import { type Client, dos, ENTRIES, NORMAL, own, OWNER, SecureBench, type Step, take } from './testbed.ts';

const OTHER = '99999999-2222-4333-8444-555555555555';
const OTHER_KEY = Buffer.alloc(16, 7);
const OTHER_CRED: Step = [
  '/oic/sec/cred',
  {
    creds: [{ credtype: 1, subjectuuid: OTHER, privatedata: { encoding: 'oic.sec.encoding.raw', data: OTHER_KEY } }],
  },
];

describe('simulated OCF device: security states', () => {
  let bench: SecureBench;
  let owner: Client;
  const code = async (channel: 'clear' | 'secure', path: string): Promise<string> =>
    (await owner.ask(channel, 'get', path)).code;
  const open = async (options: Parameters<typeof SecureBench.open>[0] = {}, more: readonly Step[] = []) => {
    bench = await SecureBench.open({ security: 'justworks', ...options });
    owner = await own(bench, more);
  };
  const update = (client: Client, purl = 'http://example.com/p') =>
    client.post('/oc/swu', { purl, swupdateaction: 'idle', updatetime: writeTime(bench.clock.protocolNow() + 60_000) });
  afterEach(() => bench.close());

  it('without an owner: the device can be found in clear, the software update not reached', async () => {
    bench = await SecureBench.open({ security: 'justworks' });
    owner = await bench.client();
    for (const path of ['/oic/d', '/oic/p', '/oic/sec/doxm', '/oic/sec/pstat'])
      expect(await code('clear', path), path).to.equal('2.05');
    for (const path of ['/oc/swu', '/oic/sec/cred', '/oic/sec/acl2'])
      expect(await code('clear', path), path).to.equal('4.01');
    expect(await code('clear', '/oic/sec/doxm?owned=true')).to.equal('4.04');
    expect(await code('clear', '/oic/sec/doxm?owned=false')).to.equal('2.05');
    expect((await owner.ask('clear', 'get', '/oic/sec/pstat')).map).to.deep.include({ cm: 2, isop: false });
    expect((await owner.ask('clear', 'post', '/oic/sec/doxm', { owned: true })).code).to.equal('4.00');
    const { list } = await owner.ask('clear', 'get', '/oic/res?rt=oic.r.softwareupdate');
    expect(list.map(({ eps }) => eps)).to.deep.equal([[{ ep: bench.device.secureUrl }]]);
  });

  it('in normal operation: entries decide, by name for the software update', async () => {
    await open({}, [OTHER_CRED]);
    expect((await update(owner)).code).to.equal('2.04');
    for (const path of ['/oic/d', '/oic/p']) expect(await code('clear', path), path).to.equal('2.05');
    for (const path of ['/oc/swu', '/oic/sec/doxm', '/oic/sec/pstat', '/oic/sec/cred'])
      expect(await code('clear', path), path).to.equal('4.01');
    expect(await code('secure', '/oic/sec/sp')).to.equal('2.05');
    const other = await bench.client();
    await other.connect({ psk: { identity: uuidOctets(OTHER), key: OTHER_KEY }, suites: [NORMAL] });
    expect((await other.get('/oc/swu')).code).to.equal('4.01');
    expect((await update(other, 'http://example.com/other')).code).to.equal('4.01');
    expect((await other.get('/oic/sec/pstat')).code).to.equal('4.01');
    expect((await other.get('/oic/d')).code, 'what is open in clear is open').to.equal('2.05');
    expect((await owner.get('/oc/swu')).map).to.include({ purl: 'http://example.com/p' });
  });

  it('takes entries and keys while provisioning only, and deletes them', async () => {
    await open();
    expect(await take(owner, [['/oic/sec/acl2', ENTRIES], OTHER_CRED])).to.deep.equal(['4.00', '4.00']);
    await take(owner, [dos(2)]);
    expect((await owner.ask('secure', 'delete', '/oic/sec/acl2?aceid=1')).code).to.equal('2.02');
    expect((await owner.get('/oic/sec/acl2')).map['aclist2']).to.have.length(1);
    const wildcard = { subject: { uuid: OWNER }, resources: [{ wc: '*' }], permission: 31 };
    await take(owner, [['/oic/sec/acl2', { aclist2: [wildcard] }]]);
    expect(await code('secure', '/oic/d')).to.equal('2.05');
    expect(await code('secure', '/oc/swu'), 'named by no entry').to.equal('4.01');
    expect(await take(owner, [['/oic/sec/acl2', ENTRIES]])).to.deep.equal(['2.04']);
    expect(await code('secure', '/oc/swu')).to.equal('2.05');
    expect((await owner.get('/oic/sec/cred')).map['creds']).to.have.length(1);
  });

  it('follow one another as the document says, and keep the software update shut in a soft reset', async () => {
    await open();
    const codes = await take(owner, [dos(1), dos(7), dos(2), dos(3), dos(4)]);
    expect(codes).to.deep.equal(['4.00', '4.00', '2.04', '2.04', '2.04']);
    expect(await code('secure', '/oc/swu')).to.equal('4.01');
    expect(await code('clear', '/oc/swu')).to.equal('4.01');
    expect((await owner.get('/oic/sec/pstat')).map).to.deep.include({ cm: 1, isop: false });
    expect(await take(owner, [dos(3), dos(2), dos(3)])).to.deep.equal(['4.00', '2.04', '2.04']);
  });

  it('end in a device without an owner and with first values after a reset', async () => {
    await open();
    await update(owner);
    const before = bench.device.deviceId;
    expect(await take(owner, [dos(0)])).to.deep.equal(['2.04']);
    await bench.until('the reset to be over', () => bench.device.dos === 'RFOTM');
    expect(bench.device.deviceId).to.not.equal(before);
    owner = await own(bench);
    expect((await owner.get('/oc/swu')).map).to.include({ purl: '', swupdateaction: 'idle', swupdateresult: 0 });
  });

  it('outlive a power cut, in normal operation as in a reset', async () => {
    await open();
    const key = Buffer.alloc(16, 9);
    await take(owner, [
      dos(2),
      ['/oic/sec/cred', { creds: [{ credtype: 1, subjectuuid: OWNER, privatedata: { data: key } }] }],
      dos(3),
    ]);
    await bench.powerCut();
    expect(bench.device.dos).to.equal('RFNOP');
    await owner.connect({ psk: { identity: uuidOctets(OWNER), key }, suites: [NORMAL] });
    expect(await code('secure', '/oc/swu')).to.equal('2.05');
    await update(owner);
    await take(owner, [dos(0)]);
    await bench.powerCut();
    expect(bench.device.dos).to.equal('RFOTM');
    owner = await own(bench);
    expect((await owner.get('/oc/swu')).map, 'first values').to.include({ purl: '' });
  });

  it('forget every connection where the device leaves the net at the end of an update, and let nobody in meanwhile', async () => {
    const data = makePackage({ kind: 'ok', version: '5.0.0' });
    const { url, server } = await serve((_, response) => response.end(data));
    await open({ reboot: 'offline' });
    const key = Buffer.alloc(16, 9);
    const again: Step = ['/oic/sec/cred', { creds: [{ credtype: 1, subjectuuid: OWNER, privatedata: { data: key } }] }];
    await take(owner, [dos(2), again, dos(3)]);
    await update(owner, url);
    await take(owner, [['/oic/sec/pstat', { tm: 128 }]]);
    await bench.disconnected();
    const credentials: ClientCredentials = { psk: { identity: uuidOctets(OWNER), key }, suites: [NORMAL] };
    const met = await owner.connect(credentials, 100).catch((e: unknown) => String(e));
    expect(met).to.match(/after \d+ ms/);
    await bench.rest('idle');
    await owner.connect(credentials);
    expect((await owner.get('/oc/swu')).map).to.include({ swupdateresult: 1 });
    server.close();
  });

  it('refuses every handshake but that of a known key', async () => {
    await open();
    const client = await bench.client();
    const met: string[] = [];
    const anonymous = { suites: ['TLS_ECDH_anon_WITH_AES_128_CBC_SHA256'] as const };
    await client.connect(anonymous).catch((e: unknown) => met.push(String(e)));
    const stranger = { identity: uuidOctets(OTHER), key: OTHER_KEY };
    await client.connect({ psk: stranger, suites: [NORMAL] }).catch((e: unknown) => met.push(String(e)));
    expect(met[0]).to.match(/handshake_failure/);
    expect(met[1]).to.match(/unknown_psk_identity/);
  });

  describe('the target mode', () => {
    it('starts the availability check, is 0 afterwards, and state and mode tell what was found', async () => {
      const data = makePackage({ kind: 'ok', version: '5.0.0' });
      const { url, server } = await serve((_, response) => response.end(data));
      await open();
      await update(owner, url);
      const codes = await take(owner, [['/oic/sec/pstat', { tm: 256 }]]);
      expect(codes).to.deep.equal(['2.04']);
      await bench.until('the check to end', () => bench.device.summary.startsWith('nsa '));
      expect((await owner.get('/oic/sec/pstat')).map).to.deep.include({ cm: 256, tm: 0 });
      await take(owner, [dos(2), dos(3)]);
      expect((await owner.get('/oic/sec/pstat')).map, 'after provisioning').to.deep.include({ cm: 256 });
      expect((await owner.get('/oc/swu')).map).to.include({ swupdatestate: 'nsa', nv: '5.0.0' });
      server.close();
    });

    for (const [combinedTm, expected] of [
      ['refuse', '4.00'],
      ['ignore', '2.04'],
    ] as const)
      it(`starts nothing by bits that mean nothing together (${combinedTm})`, async () => {
        await open({ combinedTm });
        for (const tm of [192, 320, 448, 1, -1, 65_536])
          expect((await owner.post('/oic/sec/pstat', { tm })).code, `tm ${tm}`).to.equal(expected);
        expect(bench.device.summary).to.match(/^idle cm 0 result 0/);
        for (const body of [{ cm: 64 }, { isop: false }, { tm: 'x' }, { sm: 1 }, { foo: 1 }])
          expect((await owner.post('/oic/sec/pstat', body)).code, JSON.stringify(body)).to.equal('4.00');
      });
  });
});
