import { expect } from 'chai';
import {
  authMethod,
  decodeProvisioning,
  encodeProvisioning,
  inputAction,
  outputAction,
  provisioningError,
} from '../../mesh/codec/provisioning.ts';
import {
  authOctets,
  confirmer,
  keyPair,
  numericAuth,
  octetAuth,
  sealProvisioningData,
  sessionKeys,
  sharedSecret,
} from '../../mesh/codec/provisioningKeys.ts';
import { Provisionee, type ProvisioneeSetup } from './provisionee.ts';

const OOB = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
const DATA = { netKey: Buffer.alloc(16, 1), keyIndex: 0, flags: 0, ivIndex: 7, unicast: 0x0100 };
const SETUP: ProvisioneeSetup = { elements: 2, hmac: true, output: false, input: false, show: () => undefined };

interface Script {
  readonly setup?: Partial<ProvisioneeSetup>;
  readonly algorithm?: number;
  readonly method?: number;
  readonly action?: number;
  /** The provisioner's authentication value, once it is known. */
  readonly auth?: () => Buffer;
  /** What happens on the device before the confirmations. */
  readonly meanwhile?: (device: Provisionee) => readonly Buffer[];
  /** Turns a bit of the confirmation. */
  readonly forged?: true;
}

/** Plays a provisioner message by message; gives the device and its last answer. */
function provision(script: Script): { device: Provisionee; last: ReturnType<typeof decodeProvisioning> } {
  const { algorithm = 0, method = authMethod.NO_OOB, action = 0 } = script;
  const device = new Provisionee({ ...SETUP, ...script.setup });
  const size = method === authMethod.NO_OOB || method === authMethod.STATIC_OOB ? 0 : 6;
  const say = (pdu: Buffer): ReturnType<typeof decodeProvisioning> =>
    decodeProvisioning(device.receive(pdu)[0] ?? encodeProvisioning('failed', { error: 0xff }));
  const own = keyPair();
  const invite = encodeProvisioning('invite', { attention: 0 });
  const capabilities = device.receive(invite)[0] ?? Buffer.alloc(0);
  const start = encodeProvisioning('start', { algorithm, publicKey: 0, method, action, size });
  const [refused] = device.receive(start);
  if (refused !== undefined) return { device, last: decodeProvisioning(refused) };
  const key = say(encodeProvisioning('public key', { x: own.public.subarray(0, 32), y: own.public.subarray(32) }));
  if (key.kind !== 'public key') return { device, last: key };
  script.meanwhile?.(device);
  const deviceKey = Buffer.concat([key.x, key.y]);
  const secret = sharedSecret(own, deviceKey) ?? Buffer.alloc(0);
  const inputs = {
    invite: invite.subarray(1),
    capabilities: capabilities.subarray(1),
    start: start.subarray(1),
    provisionerKey: own.public,
    deviceKey,
  };
  const auth = script.auth?.() ?? octetAuth(Buffer.alloc(0), algorithm);
  const made = confirmer(algorithm, inputs, secret, auth);
  const random = Buffer.alloc(authOctets(algorithm), 3);
  const value = Buffer.from(made.confirm(random));
  if (script.forged === true) value[0] = (value[0] ?? 0) ^ 1;
  const confirmation = say(encodeProvisioning('confirmation', { value }));
  const shown = say(encodeProvisioning('random', { value: random }));
  if (confirmation.kind !== 'confirmation' || shown.kind !== 'random') return { device, last: shown };
  expect(made.confirm(shown.value).equals(confirmation.value), 'confirmation of the device').to.equal(true);
  const session = sessionKeys(made.salt, random, shown.value, secret);
  return { device, last: say(encodeProvisioning('data', sealProvisioningData(DATA, session))) };
}

describe('simulated device to be provisioned', () => {
  for (const algorithm of [0, 1])
    it(`is provisioned without OOB by algorithm ${algorithm}`, () => {
      const { device, last } = provision({ algorithm });
      expect(last.kind).to.equal('complete');
      expect(device.result?.data).to.deep.equal(DATA);
    });

  it('is provisioned by a static value, and only by the right one', () => {
    const script = { setup: { staticOob: OOB }, method: authMethod.STATIC_OOB } as const;
    expect(provision({ ...script, auth: () => octetAuth(OOB, 0) }).last.kind).to.equal('complete');
    const wrong = provision({ ...script, auth: () => octetAuth(Buffer.alloc(16, 9), 0) });
    expect(wrong.last).to.deep.equal({ kind: 'failed', error: provisioningError.CONFIRMATION_FAILED });
    expect(wrong.device.result).to.equal(undefined);
  });

  it('is provisioned by a number that it shows', () => {
    let shown = 0;
    const { last } = provision({
      setup: { output: true, show: (value) => void (shown = value) },
      method: authMethod.OUTPUT_OOB,
      action: outputAction.OUTPUT_NUMERIC,
      auth: () => numericAuth(shown, 0),
    });
    expect(last.kind).to.equal('complete');
  });

  it('is provisioned by a number that is entered, and says so', () => {
    const { last } = provision({
      setup: { input: true },
      method: authMethod.INPUT_OOB,
      action: inputAction.INPUT_NUMERIC,
      auth: () => numericAuth(123_456, 0),
      meanwhile: (device) => {
        const said = device.entered(123_456);
        expect(said.map((pdu) => decodeProvisioning(pdu).kind)).to.deep.equal(['input complete']);
        return said;
      },
    });
    expect(last.kind).to.equal('complete');
  });

  it('refuses a forged confirmation, a method that it has not, and anything out of turn', () => {
    const failed = (error: number) => ({ kind: 'failed', error });
    expect(provision({ forged: true }).last).to.deep.equal(failed(provisioningError.CONFIRMATION_FAILED));
    const method = provision({ method: authMethod.STATIC_OOB });
    expect(method.last).to.deep.equal(failed(provisioningError.INVALID_FORMAT));
    const early = new Provisionee(SETUP).receive(encodeProvisioning('random', { value: Buffer.alloc(16) }));
    expect(early.map((pdu) => decodeProvisioning(pdu))).to.deep.equal([failed(provisioningError.UNEXPECTED_PDU)]);
    const rubbish = new Provisionee(SETUP).receive(Buffer.of(0x55));
    expect(rubbish.map((pdu) => decodeProvisioning(pdu))).to.deep.equal([failed(provisioningError.INVALID_PDU)]);
    const short = new Provisionee(SETUP).receive(Buffer.of(0x00));
    expect(short.map((pdu) => decodeProvisioning(pdu))).to.deep.equal([failed(provisioningError.INVALID_FORMAT)]);
  });
});
