import { randomBytes, randomInt } from 'node:crypto';
import { FrameError } from '../../core/layout/cursor.ts';
import {
  authMethod,
  decodeProvisioning,
  encodeProvisioning,
  inputAction,
  outputAction,
  type ProvisioningData,
  provisioningError,
  type ProvisioningFields,
  type ProvisioningPdu,
} from '../../mesh/codec/provisioning.ts';
import {
  authOctets,
  type Confirmer,
  confirmer,
  type KeyPair,
  keyPair,
  numericAuth,
  octetAuth,
  openProvisioningData,
  type SessionKeys,
  sessionKeys,
  sharedSecret,
} from '../../mesh/codec/provisioningKeys.ts';

/** What a device can do for the authentication. */
export interface ProvisioneeSetup {
  readonly elements: number;
  readonly hmac: boolean;
  readonly staticOob?: Buffer;
  readonly output: boolean;
  readonly input: boolean;
  /** Output OOB: shows this number. */
  readonly show: (value: number) => void;
  /** Fixed for tests; new ones for every exchange otherwise. */
  readonly keys?: KeyPair;
}

/** What a device knows once it was provisioned. */
export interface Provisioned {
  readonly data: ProvisioningData;
  readonly deviceKey: Buffer;
}

type Kind = ProvisioningPdu['kind'];
const DIGITS = 6;
const OUTPUT_BITS = 1 << outputAction.OUTPUT_NUMERIC;
const INPUT_BITS = 1 << inputAction.INPUT_NUMERIC;

/** The device's side of one provisioning (Mesh Protocol 5.4): PDUs in, PDUs out. An error ends it for good. */
export class Provisionee {
  readonly #setup: ProvisioneeSetup;
  readonly #keys: KeyPair;
  readonly #heard = new Map<Kind, Buffer>();
  #expected: Kind | undefined = 'invite';
  #secret: Buffer = Buffer.alloc(0);
  #auth: Buffer | undefined;
  #random: Buffer = Buffer.alloc(0);
  #confirmer: Confirmer | undefined;
  #session: SessionKeys | undefined;
  #start: ProvisioningFields<'start'> | undefined;
  /** Set by the last PDU. */
  result: Provisioned | undefined;

  constructor(setup: ProvisioneeSetup) {
    this.#setup = setup;
    this.#keys = setup.keys ?? keyPair();
  }

  /** What is to be sent in answer. */
  receive(octets: Buffer): Buffer[] {
    let pdu: ProvisioningPdu;
    try {
      pdu = decodeProvisioning(octets);
    } catch (e) {
      if (!(e instanceof FrameError)) throw e;
      const unknown = (octets[0] ?? 0) > 9;
      return this.#fail(unknown ? provisioningError.INVALID_PDU : provisioningError.INVALID_FORMAT);
    }
    if (pdu.kind !== this.#expected) return this.#fail(provisioningError.UNEXPECTED_PDU);
    this.#heard.set(pdu.kind, octets.subarray(1));
    switch (pdu.kind) {
      case 'invite':
        this.#expected = 'start';
        return [encodeProvisioning('capabilities', this.#capabilities())];
      case 'start':
        return this.#begin(pdu);
      case 'public key':
        return this.#exchange(Buffer.concat([pdu.x, pdu.y]));
      case 'confirmation':
        return this.#confirm();
      case 'random':
        return this.#compare(pdu.value);
      case 'data':
        return this.#finish(pdu);
      case 'capabilities':
      case 'input complete':
      case 'complete':
      case 'failed':
        return this.#fail(provisioningError.UNEXPECTED_PDU);
    }
  }

  /** Input OOB: a person has entered this number. */
  entered(value: number): Buffer[] {
    if (this.#start?.method !== authMethod.INPUT_OOB || this.#auth !== undefined) return [];
    this.#auth = numericAuth(value, this.#start.algorithm);
    return [encodeProvisioning('input complete', {})];
  }

  #capabilities(): ProvisioningFields<'capabilities'> {
    const { elements, hmac, staticOob, output, input } = this.#setup;
    return {
      elements,
      algorithms: hmac ? 3 : 1,
      publicKeyType: 0,
      oobType: staticOob === undefined ? 0 : 1,
      outputSize: output ? DIGITS : 0,
      outputActions: output ? OUTPUT_BITS : 0,
      inputSize: input ? DIGITS : 0,
      inputActions: input ? INPUT_BITS : 0,
    };
  }

  #begin(start: ProvisioningFields<'start'>): Buffer[] {
    const { staticOob, hmac, output, input, show } = this.#setup;
    const { algorithm, publicKey, method } = start;
    const methods: readonly boolean[] = [true, staticOob !== undefined, output, input];
    if (algorithm > (hmac ? 1 : 0) || publicKey !== 0 || methods[method] !== true)
      return this.#fail(provisioningError.INVALID_FORMAT);
    this.#start = start;
    this.#expected = 'public key';
    if (method === authMethod.NO_OOB) this.#auth = octetAuth(Buffer.alloc(0), algorithm);
    if (method === authMethod.STATIC_OOB) this.#auth = octetAuth(staticOob ?? Buffer.alloc(0), algorithm);
    if (method === authMethod.OUTPUT_OOB) {
      const value = randomInt(10 ** Math.min(DIGITS, Math.max(1, start.size)));
      this.#auth = numericAuth(value, algorithm);
      show(value);
    }
    return [];
  }

  #exchange(peer: Buffer): Buffer[] {
    const secret = peer.equals(this.#keys.public) ? undefined : sharedSecret(this.#keys, peer);
    if (secret === undefined) return this.#fail(provisioningError.INVALID_FORMAT);
    this.#secret = secret;
    this.#expected = 'confirmation';
    const { public: own } = this.#keys;
    return [encodeProvisioning('public key', { x: own.subarray(0, 32), y: own.subarray(32) })];
  }

  #confirm(): Buffer[] {
    const algorithm = this.#start?.algorithm ?? 0;
    if (this.#auth === undefined) return this.#fail(provisioningError.UNEXPECTED_PDU);
    const octets = (kind: Kind): Buffer => this.#heard.get(kind) ?? Buffer.alloc(0);
    const inputs = {
      invite: octets('invite'),
      capabilities: encodeProvisioning('capabilities', this.#capabilities()).subarray(1),
      start: octets('start'),
      provisionerKey: octets('public key'),
      deviceKey: this.#keys.public,
    };
    this.#confirmer = confirmer(algorithm, inputs, this.#secret, this.#auth);
    this.#random = randomBytes(authOctets(algorithm));
    this.#expected = 'random';
    return [encodeProvisioning('confirmation', { value: this.#confirmer.confirm(this.#random) })];
  }

  #compare(random: Buffer): Buffer[] {
    const made = this.#confirmer;
    const shown = this.#heard.get('confirmation');
    if (made === undefined || shown === undefined || !made.confirm(random).equals(shown))
      return this.#fail(provisioningError.CONFIRMATION_FAILED);
    this.#session = sessionKeys(made.salt, random, this.#random, this.#secret);
    this.#expected = 'data';
    return [encodeProvisioning('random', { value: this.#random })];
  }

  #finish({ encrypted, mic }: ProvisioningFields<'data'>): Buffer[] {
    const data = this.#session && openProvisioningData(encrypted, mic, this.#session);
    if (data === undefined || this.#session === undefined) return this.#fail(provisioningError.DECRYPTION_FAILED);
    if (data.unicast === 0 || data.unicast + this.#setup.elements > 0x8000)
      return this.#fail(provisioningError.CANNOT_ASSIGN_ADDRESSES);
    this.#expected = undefined;
    this.result = { data, deviceKey: this.#session.deviceKey };
    return [encodeProvisioning('complete', {})];
  }

  #fail(error: number): Buffer[] {
    this.#expected = undefined;
    return [encodeProvisioning('failed', { error })];
  }
}
