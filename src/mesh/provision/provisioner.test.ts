import { expect } from 'chai';
import {
  decodeProvisioning,
  encodeProvisioning,
  encodeProvisioningData,
  printProvisioning,
} from '../codec/provisioning.ts';
import {
  confirmer,
  keyPair,
  numericAuth,
  octetAuth,
  openProvisioningData,
  sealProvisioningData,
  sessionKeys,
  sharedSecret,
} from '../codec/provisioningKeys.ts';
import { hex, loadVectors } from '../vectors/load.ts';
import { provisionerNext, type ProvisionerInput, type ProvisionerSetup, type ProvisionerState } from './provisioner.ts';

interface Exchange {
  id: string;
  algorithm: number;
  invite: string;
  capabilities: string;
  start: string;
  authValue: string;
  randomProvisioner: string;
  randomDevice: string;
  confirmationSalt?: string;
  confirmationKey?: string;
  confirmationProvisioner: string;
  confirmationDevice: string;
  provisioningSalt?: string;
  prskKey: string;
  prsnNonce: string;
  deviceKey: string;
  encrypted: string;
  mic: string;
  pdus?: { [name: string]: string };
}
interface ProvisioningVectors {
  keys: {
    provisionerPrivate: string;
    provisionerPublic: string;
    devicePrivate: string;
    devicePublic: string;
    ecdhSecret: string;
  };
  data: { netKey: string; keyIndex: number; flags: number; ivIndex: number; unicast: number; plaintext: string };
  exchanges: Exchange[];
}

const vectors = loadVectors('provisioning') as ProvisioningVectors;
const { keys } = vectors;
const data = { ...vectors.data, netKey: hex(vectors.data.netKey) };
const text = (pdus: readonly Buffer[]): string[] => pdus.map((pdu) => pdu.toString('hex'));

function setupOf(v: Exchange): ProvisionerSetup {
  const { plaintext: _, ...given } = data;
  return {
    attentionS: Number.parseInt(v.invite, 16),
    algorithms: [v.algorithm],
    auth: v.start.slice(4, 6) === '01' ? { kind: 'static', value: hex(v.authValue) } : { kind: 'none' },
    keys: keyPair(hex(keys.provisionerPrivate)),
    random: Buffer.concat([hex(v.randomProvisioner), Buffer.alloc(16)]).subarray(0, 32),
    data: () => given,
  };
}

/** Feeds inputs one after the other; the last step and all that was sent. */
function play(setup: ProvisionerSetup, inputs: readonly ProvisionerInput[]) {
  let state: ProvisionerState = { kind: 'idle' };
  const sent: Buffer[][] = [];
  for (const input of inputs) {
    const step = provisionerNext(state, input, setup);
    state = step.state;
    sent.push([...step.send]);
  }
  return { state, sent };
}

const pdu = (octets: string): ProvisionerInput => ({ kind: 'pdu', pdu: hex(octets) });
const START: ProvisionerInput = { kind: 'start' };

describe('provisioning keys', () => {
  it('derives public keys and the shared secret, both ways', () => {
    const provisioner = keyPair(hex(keys.provisionerPrivate));
    const device = keyPair(hex(keys.devicePrivate));
    expect(provisioner.public.toString('hex')).to.equal(keys.provisionerPublic);
    expect(device.public.toString('hex')).to.equal(keys.devicePublic);
    expect(sharedSecret(provisioner, device.public)?.toString('hex')).to.equal(keys.ecdhSecret);
    expect(sharedSecret(device, provisioner.public)?.toString('hex')).to.equal(keys.ecdhSecret);
  });

  it('makes new key pairs and refuses a point that is not on the curve', () => {
    const pair = keyPair();
    expect(pair.public.length).to.equal(64);
    expect(sharedSecret(pair, Buffer.alloc(64, 1))).to.equal(undefined);
  });

  for (const v of vectors.exchanges) {
    it(`${v.id}: confirmation, session keys and data`, () => {
      const inputs = {
        invite: hex(v.invite),
        capabilities: hex(v.capabilities),
        start: hex(v.start),
        provisionerKey: hex(keys.provisionerPublic),
        deviceKey: hex(keys.devicePublic),
      };
      const made = confirmer(v.algorithm, inputs, hex(keys.ecdhSecret), hex(v.authValue));
      if (v.confirmationSalt !== undefined) expect(made.salt.toString('hex')).to.equal(v.confirmationSalt);
      if (v.confirmationKey !== undefined) expect(made.key.toString('hex')).to.equal(v.confirmationKey);
      expect(made.confirm(hex(v.randomProvisioner)).toString('hex')).to.equal(v.confirmationProvisioner);
      expect(made.confirm(hex(v.randomDevice)).toString('hex')).to.equal(v.confirmationDevice);
      const session = sessionKeys(made.salt, hex(v.randomProvisioner), hex(v.randomDevice), hex(keys.ecdhSecret));
      if (v.provisioningSalt !== undefined) expect(session.salt.toString('hex')).to.equal(v.provisioningSalt);
      expect(session.key.toString('hex')).to.equal(v.prskKey);
      expect(session.nonce.toString('hex')).to.equal(v.prsnNonce);
      expect(session.deviceKey.toString('hex')).to.equal(v.deviceKey);
      expect(encodeProvisioningData(data).toString('hex')).to.equal(vectors.data.plaintext);
      expect(sealProvisioningData(data, session)).to.deep.equal({ encrypted: hex(v.encrypted), mic: hex(v.mic) });
      const { plaintext: _, ...given } = data;
      expect(openProvisioningData(hex(v.encrypted), hex(v.mic), session)).to.deep.equal(given);
      expect(openProvisioningData(hex(v.encrypted), Buffer.alloc(8), session)).to.equal(undefined);
    });
  }

  it('aligns numbers right and text left in the authentication value', () => {
    expect(numericAuth(0x0f4240, 0).toString('hex')).to.equal(`${'00'.repeat(13)}0f4240`);
    expect(octetAuth(Buffer.from('AB'), 1).toString('hex')).to.equal(`4142${'00'.repeat(30)}`);
  });
});

describe('provisioning PDUs', () => {
  const pdus = [...Object.values(vectors.exchanges[0]?.pdus ?? {}), `03${keys.devicePublic}`, '04', '0904'];
  for (const octets of pdus) {
    it(`${octets.slice(0, 20)} decodes, encodes, and is refused when cut`, () => {
      const { kind, ...fields } = decodeProvisioning(hex(octets));
      expect(encodeProvisioning(kind, fields).toString('hex')).to.equal(octets);
      expect(printProvisioning(decodeProvisioning(hex(octets)))).to.contain(kind);
      for (let length = 0; length < octets.length / 2; length++) {
        expect(() => decodeProvisioning(hex(octets).subarray(0, length)), `${length}`)
          .to.throw()
          .with.property('name', 'FrameError');
      }
      expect(() => decodeProvisioning(hex(`${octets}00`)))
        .to.throw()
        .with.property('name', 'FrameError');
    });
  }
  it('refuses an unknown type', () => expect(() => decodeProvisioning(hex('0a'))).to.throw('type 10'));
});

describe('provisioner', () => {
  for (const v of vectors.exchanges) {
    const good = [
      START,
      pdu(`01${v.capabilities}`),
      pdu(`03${keys.devicePublic}`),
      pdu(`05${v.confirmationDevice}`),
      pdu(`06${v.randomDevice}`),
      pdu('08'),
    ];

    it(`${v.id}: sends the published PDUs and ends with the published device key`, () => {
      const { state, sent } = play(setupOf(v), good);
      expect(sent.map(text)).to.deep.equal([
        [`00${v.invite}`],
        [`02${v.start}`, `03${keys.provisionerPublic}`],
        [`05${v.confirmationProvisioner}`],
        [`06${v.randomProvisioner}`],
        [`07${v.encrypted}${v.mic}`],
        [],
      ]);
      expect(state).to.deep.include({ kind: 'done' });
      expect(state.kind === 'done' && state.node.deviceKey.toString('hex')).to.equal(v.deviceKey);
    });

    it(`${v.id}: ends as failed at whatever point the device refuses, falls silent or leaves`, () => {
      for (let n = 1; n < good.length; n++) {
        const soFar = good.slice(0, n);
        const ended = (input: ProvisionerInput) => play(setupOf(v), [...soFar, input]).state;
        expect(ended(pdu('0907'))).to.include({ kind: 'failed', reason: 'refused' });
        expect(ended({ kind: 'timeout' })).to.include({ kind: 'failed', reason: 'timeout' });
        expect(ended({ kind: 'link closed' })).to.include({ kind: 'failed', reason: 'link closed' });
        expect(ended(pdu('0000'))).to.include({ kind: 'failed', reason: 'unexpected PDU' });
        expect(ended(pdu('01'))).to.include({ kind: 'failed', reason: 'malformed PDU' });
      }
    });

    it(`${v.id}: refuses a wrong random, a repeated confirmation, a foreign point and its own key`, () => {
      const random = `06${'11'.repeat(v.randomDevice.length / 2)}`;
      expect(play(setupOf(v), [...good.slice(0, 4), pdu(random)]).state).to.include({ reason: 'confirmation failed' });
      const repeated = pdu(`05${v.confirmationProvisioner}`);
      expect(play(setupOf(v), [...good.slice(0, 3), repeated]).state).to.include({ reason: 'confirmation failed' });
      for (const key of ['11'.repeat(64), keys.provisionerPublic]) {
        expect(play(setupOf(v), [...good.slice(0, 2), pdu(`03${key}`)]).state).to.include({
          reason: 'invalid public key',
        });
      }
    });
  }

  const [first] = vectors.exchanges;
  if (first === undefined) throw new Error('no exchange in the vectors');
  const capabilities = (octets: string): ProvisionerInput => pdu(`01${octets}`);

  it('refuses a device without a common algorithm or without the wanted authentication', () => {
    expect(play({ ...setupOf(first), algorithms: [1] }, [START, capabilities(first.capabilities)]).state).to.include({
      reason: 'no common algorithm',
    });
    for (const auth of [
      { kind: 'static', value: hex('00') },
      { kind: 'output' },
      { kind: 'input', value: () => 7 },
    ] as const) {
      expect(play({ ...setupOf(first), auth }, [START, capabilities(first.capabilities)]).state).to.include({
        reason: 'authentication not supported',
      });
    }
  });

  it('output OOB: waits for the value that the device shows', () => {
    const setup: ProvisionerSetup = { ...setupOf(first), auth: { kind: 'output' } };
    const shown = capabilities('01000100000600080000 00'.replaceAll(' ', ''));
    const waiting = play(setup, [START, shown, pdu(`03${keys.devicePublic}`)]);
    expect(text(waiting.sent[1] ?? [])[0]).to.equal('020000020306');
    expect(waiting.state.kind).to.equal('awaiting shown value');
    const step = provisionerNext(waiting.state, { kind: 'shown', value: 123456 }, setup);
    expect(step.state.kind).to.equal('confirming');
    expect(step.send[0]?.[0]).to.equal(5);
  });

  it('input OOB: waits until the value was entered on the device', () => {
    const setup: ProvisionerSetup = { ...setupOf(first), auth: { kind: 'input', value: (_, size) => 10 ** size - 1 } };
    const waiting = play(setup, [START, capabilities('0100010000000000040004'), pdu(`03${keys.devicePublic}`)]);
    expect(text(waiting.sent[1] ?? [])[0]).to.equal('020000030204');
    expect(waiting.state).to.include({ kind: 'awaiting entered value', value: 9999 });
    expect(provisionerNext(waiting.state, pdu('04'), setup).state.kind).to.equal('confirming');
    expect(provisionerNext(waiting.state, { kind: 'unhelped', why: 'nobody is here' }, setup).state).to.deep.equal({
      kind: 'failed',
      reason: 'no authentication value',
      detail: 'nobody is here',
    });
  });
});
