import { expect } from 'chai';
import { ownerKey, pinKey, uuidOctets } from './keys.ts';
import {
  credentialsFor,
  DEVICE,
  dos,
  meet,
  NORMAL,
  own,
  OWNER,
  SecureBench,
  type Step,
  take,
  TRANSFER,
} from './testbed.ts';

describe('simulated OCF device: owner transfer', () => {
  let bench: SecureBench;
  afterEach(() => bench.close());

  for (const security of ['justworks', 'pin', 'cert'] as const)
    it(`by ${security} ends in normal operation, and the owner's key opens the software update`, async () => {
      bench = await SecureBench.open({ security });
      const owner = await own(bench);
      expect(bench.device.dos).to.equal('RFNOP');
      expect(bench.device.deviceId).to.equal(DEVICE);
      const { code, map } = await owner.get('/oc/swu');
      expect(code).to.equal('2.05');
      expect(map).to.include({ swupdatestate: 'idle', swupdateresult: 0 });
      expect((await owner.get('/oic/sec/pstat')).map).to.deep.include({ dos: { p: false, s: 3 }, isop: true, cm: 0 });
    });

  const needed: readonly [string, (step: Step) => boolean][] = [
    ['devowneruuid', ([, body]) => 'devowneruuid' in body],
    ['rowneruuid of doxm', ([path, body]) => path.endsWith('doxm') && 'rowneruuid' in body],
    ['rowneruuid of acl2', ([path]) => path.endsWith('acl2')],
    ['rowneruuid of pstat', ([path, body]) => path.endsWith('pstat') && 'rowneruuid' in body],
    ['cred', ([path]) => path.endsWith('cred')],
    ['owned', ([, body]) => 'owned' in body],
  ];
  it('is not complete without any of its steps', async () => {
    for (const [what, isStep] of needed) {
      bench = await SecureBench.open({ security: 'justworks' });
      const client = await meet(bench);
      await take(
        client,
        TRANSFER.filter((step) => !isStep(step)),
      );
      expect(await take(client, [dos(2), dos(3)]), `without ${what}`).to.deep.equal(['4.00', '4.00']);
      expect(bench.device.dos).to.equal('RFOTM');
      await bench.close();
    }
    bench = await SecureBench.open({ security: 'justworks' });
  });

  it('that is given up leaves a device under a new name, which can be had again', async () => {
    bench = await SecureBench.open({ security: 'justworks' });
    const before = bench.device.deviceId;
    const client = await meet(bench);
    await take(client, TRANSFER);
    await client.dtls.disconnect(bench.dtls.local);
    const { map } = await client.ask('clear', 'get', '/oic/sec/doxm');
    expect(map).to.include({ owned: false, oxmsel: 4, devowneruuid: '00000000-0000-0000-0000-000000000000' });
    expect(map['deviceuuid']).to.not.be.oneOf([before, DEVICE]);
    await own(bench);
    expect(bench.device.dos).to.equal('RFNOP');
  });

  it('that stops in the middle is given up after ten minutes, and the device can be had again', async () => {
    bench = await SecureBench.open({ security: 'justworks' });
    const before = bench.device.deviceId;
    await meet(bench);
    await bench.until('the device to give up', () => bench.device.deviceId !== before);
    await own(bench);
    expect(bench.device.dos).to.equal('RFNOP');
  });

  it('lets nobody in before a method was chosen, and nothing in clear while it goes on', async () => {
    bench = await SecureBench.open({ security: 'justworks' });
    const client = await bench.client();
    let met = '';
    await client.connect(credentialsFor(bench), 150).catch((e: unknown) => (met = String(e)));
    expect(met).to.match(/after \d+ ms/);
    const owner = await meet(bench);
    expect((await client.ask('clear', 'get', '/oic/res')).code).to.equal('4.01');
    expect((await client.ask('clear', 'post', '/oic/sec/doxm', { oxmsel: 0 })).code).to.equal('4.01');
    expect((await owner.get('/oc/swu')).code, 'the new owner may look').to.equal('2.05');
    expect((await owner.post('/oc/swu', { purl: '' })).code, 'but not change').to.equal('4.01');
  });

  it('shows a PIN of its own for every transfer, and refuses another', async () => {
    bench = await SecureBench.open({ security: 'pin' });
    const client = await bench.client();
    await client.ask('clear', 'post', '/oic/sec/doxm', { oxmsel: 1 });
    expect(bench.shown).to.deep.equal([`PIN ${bench.device.pin}`]);
    expect(bench.device.pin).to.match(/^\d{8}$/);
    const { psk } = credentialsFor(bench);
    const wrong = { identity: psk?.identity ?? Buffer.alloc(0), key: pinKey('wrong', bench.device.deviceId) };
    let met = '';
    await client.connect({ suites: [NORMAL], psk: wrong }, 300).catch((e: unknown) => (met = String(e)));
    expect(met, 'the wrong PIN opens nothing').to.not.equal('');
    await client.connect(credentialsFor(bench));
    expect(client.info?.pskHint?.toString('latin1')).to.match(/^oic\.sec\.doxm\.rdp:/);
  });
});

describe('simulated OCF device: keys', () => {
  it('are those that a real device made of the same material', () => {
    // Recorded with a device of the open source stack.
    const keyBlock = Buffer.from(
      '0a78e5ed3c3d78ffa65a5297a8c350b546c158bed633f8960396824b6188c8d431697173df564572e968e51399b26b7bee61a9d257d6b502d7ac66b80c1060e7d023322031408e3d27a28e16bc13b248f934b175db23087e9fb136a970fdcea3',
      'hex',
    );
    const key = ownerKey(keyBlock, 'oic.sec.doxm.jw', OWNER, DEVICE);
    expect(key.toString('hex')).to.equal('c432bfd176c0eb799b16749a0674b4da');
    const pin = pinKey('81307005', '3e031161-e7d3-4fc3-4c7f-ca2a38b02b75');
    expect(pin.toString('hex')).to.equal('f841ba96eb055ceec4fdc3739ea23929');
    expect(uuidOctets(OWNER).toString('hex')).to.equal('11111111222243338444555555555555');
  });
});
