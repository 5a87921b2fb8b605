import { FrameError } from '../../core/layout/cursor.ts';
import { nameOf } from '../../core/layout/names.ts';
import {
  authMethod,
  decodeProvisioning,
  encodeProvisioning,
  type ProvisioningData,
  provisioningAlgorithm,
  provisioningError,
  type ProvisioningFields,
  provisioningParameters,
  type ProvisioningPdu,
} from '../codec/provisioning.ts';
import {
  authOctets,
  type Confirmer,
  confirmer,
  type KeyPair,
  numericAuth,
  octetAuth,
  sealProvisioningData,
  sessionKeys,
  sharedSecret,
} from '../codec/provisioningKeys.ts';

/** How the tester authenticates the device. `input`: `value` chooses the number (or text) that someone enters on it, once the device has told what it can take. */
export type ProvisioningAuth =
  | { readonly kind: 'none' }
  | { readonly kind: 'static'; readonly value: Uint8Array }
  | { readonly kind: 'output' }
  | { readonly kind: 'input'; readonly value: (action: number, size: number) => number | string };

/** All that the provisioner needs from outside; with the same set-up and inputs it always sends the same. */
export interface ProvisionerSetup {
  /** How long the device draws attention to itself, seconds. */
  readonly attentionS: number;
  /** Algorithms that may be used, the preferred one first. */
  readonly algorithms: readonly number[];
  readonly auth: ProvisioningAuth;
  /** Our key pair for this exchange alone. */
  readonly keys: KeyPair;
  /** 32 random octets; the first 16 are used where the algorithm wants so many. */
  readonly random: Buffer;
  /** What the device gets, once its number of elements is known. */
  readonly data: (elements: number) => ProvisioningData;
}

/** What the device has said and what follows from it. */
/** From the capabilities on. */
interface Exchange {
  readonly capabilities: ProvisioningFields<'capabilities'>;
  /** What we chose of the capabilities. */
  readonly start: ProvisioningFields<'start'>;
}
/** From the exchange of public keys on. */
interface Keyed extends Exchange {
  /** The public key of the device, X and Y, 64 octets. */
  readonly deviceKey: Buffer;
  /** The shared secret of both key pairs. */
  readonly secret: Buffer;
}
/** From our confirmation on. */
interface Confirming extends Keyed {
  readonly confirmer: Confirmer;
  /** Ours, as it was sent; a device that sends it back is refused. */
  readonly confirmation: Buffer;
}

/** Where the exchange stands (Mesh Protocol 5.4.2). */
export type ProvisionerState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'invited' }
  | ({ readonly kind: 'exchanging keys' } & Exchange)
  | ({ readonly kind: 'awaiting shown value' } & Keyed)
  | ({ readonly kind: 'awaiting entered value'; readonly value: number | string } & Keyed)
  | ({ readonly kind: 'confirming' } & Confirming)
  | ({ readonly kind: 'awaiting random'; readonly theirs: Buffer } & Confirming)
  | { readonly kind: 'awaiting complete'; readonly node: ProvisionedNode }
  | { readonly kind: 'done'; readonly node: ProvisionedNode }
  | { readonly kind: 'failed'; readonly reason: ProvisioningFailure; readonly detail: string };

/** Why no node came of it; `refused` carries the device's error code in its detail. */
export type ProvisioningFailure =
  | 'refused'
  | 'malformed PDU'
  | 'unexpected PDU'
  | 'no common algorithm'
  | 'authentication not supported'
  | 'invalid public key'
  | 'no authentication value'
  | 'confirmation failed'
  | 'timeout'
  | 'link closed';

/** A device that became a node. */
export interface ProvisionedNode {
  readonly deviceKey: Buffer;
  readonly elements: number;
  readonly data: ProvisioningData;
}

/** What can happen. `shown`: what the device displayed, told by an operator or a console; `unhelped`: neither of them could read or enter it. */
export type ProvisionerInput =
  | { readonly kind: 'start' }
  | { readonly kind: 'pdu'; readonly pdu: Uint8Array }
  | { readonly kind: 'shown'; readonly value: number | string }
  | { readonly kind: 'unhelped'; readonly why: string }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'link closed' };

/** The next state, and what to send. */
export interface ProvisionerStep {
  readonly state: ProvisionerState;
  /** Whole provisioning PDUs, in order. */
  readonly send: readonly Buffer[];
}

/** One transition. After `done` and `failed` nothing changes any more. */
export function provisionerNext(
  state: ProvisionerState,
  input: ProvisionerInput,
  setup: ProvisionerSetup,
): ProvisionerStep {
  if (state.kind === 'done' || state.kind === 'failed') return { state, send: [] };
  switch (input.kind) {
    case 'start':
      return { state: { kind: 'invited' }, send: [encodeProvisioning('invite', { attention: setup.attentionS })] };
    case 'timeout':
      return failed('timeout', `while ${state.kind}`);
    case 'link closed':
      return failed('link closed', `while ${state.kind}`);
    case 'shown':
      if (state.kind !== 'awaiting shown value') return { state, send: [] };
      return confirm(state, valueAuth(input.value, state.start.algorithm), setup);
    case 'unhelped':
      return failed('no authentication value', input.why);
    case 'pdu':
      return received(state, input.pdu, setup);
  }
}

/** A PDU that does not belong here ends the exchange (5.4.4). */
function received(state: ProvisionerState, octets: Uint8Array, setup: ProvisionerSetup): ProvisionerStep {
  let pdu: ProvisioningPdu;
  try {
    pdu = decodeProvisioning(octets);
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    return failed('malformed PDU', error.message);
  }
  if (pdu.kind === 'failed') return failed('refused', `${nameOf(provisioningError, pdu.error)} while ${state.kind}`);
  if (state.kind === 'invited' && pdu.kind === 'capabilities') return choose(pdu, setup);
  if (state.kind === 'exchanging keys' && pdu.kind === 'public key')
    return keyed(state, Buffer.concat([pdu.x, pdu.y]), setup);
  if (state.kind === 'awaiting entered value' && pdu.kind === 'input complete')
    return confirm(state, valueAuth(state.value, state.start.algorithm), setup);
  if (state.kind === 'confirming' && pdu.kind === 'confirmation') return reveal(state, pdu.value, setup);
  if (state.kind === 'awaiting random' && pdu.kind === 'random') return judge(state, pdu.value, setup);
  if (state.kind === 'awaiting complete' && pdu.kind === 'complete')
    return { state: { kind: 'done', node: state.node }, send: [] };
  return failed('unexpected PDU', `${pdu.kind} while ${state.kind}`);
}

/** Capabilities came: choose algorithm and method, send Start and our public key. */
function choose(capabilities: ProvisioningFields<'capabilities'>, setup: ProvisionerSetup): ProvisionerStep {
  const algorithm = setup.algorithms.find((bit) => ((capabilities.algorithms >> bit) & 1) === 1);
  if (algorithm === undefined)
    return failed('no common algorithm', `device offers 0x${capabilities.algorithms.toString(16)}`);
  const method = methodFor(setup.auth, capabilities);
  if (method === undefined)
    return failed('authentication not supported', `${setup.auth.kind} OOB is not in the capabilities`);
  const start = { algorithm, publicKey: 0, ...method };
  return {
    state: { kind: 'exchanging keys', capabilities, start },
    send: [
      encodeProvisioning('start', start),
      encodeProvisioning('public key', { x: setup.keys.public.subarray(0, 32), y: setup.keys.public.subarray(32) }),
    ],
  };
}

/** Method, action and size for Start, or undefined where the device cannot do it. */
function methodFor(
  auth: ProvisioningAuth,
  capabilities: ProvisioningFields<'capabilities'>,
): Pick<ProvisioningFields<'start'>, 'method' | 'action' | 'size'> | undefined {
  // Of several actions the one with the highest number: text holds more than digits, digits more than blinks.
  const highest = (actions: number): number | undefined => (actions === 0 ? undefined : 31 - Math.clz32(actions));
  switch (auth.kind) {
    case 'none':
      return { method: authMethod.NO_OOB, action: 0, size: 0 };
    case 'static':
      return (capabilities.oobType & 1) === 1 ? { method: authMethod.STATIC_OOB, action: 0, size: 0 } : undefined;
    case 'output': {
      const action = highest(capabilities.outputActions & 0x1f);
      if (action === undefined || capabilities.outputSize === 0) return undefined;
      return { method: authMethod.OUTPUT_OOB, action, size: capabilities.outputSize };
    }
    case 'input': {
      const action = highest(capabilities.inputActions & 0x0f);
      if (action === undefined || capabilities.inputSize === 0) return undefined;
      return { method: authMethod.INPUT_OOB, action, size: capabilities.inputSize };
    }
  }
}

/** The device's public key came: it must be a point of the curve and not our own. */
function keyed(state: Exchange, deviceKey: Buffer, setup: ProvisionerSetup): ProvisionerStep {
  const secret = deviceKey.equals(setup.keys.public) ? undefined : sharedSecret(setup.keys, deviceKey);
  if (secret === undefined) return failed('invalid public key', deviceKey.toString('hex'));
  const next: Keyed = { capabilities: state.capabilities, start: state.start, deviceKey, secret };
  switch (setup.auth.kind) {
    case 'none':
      return confirm(next, octetAuth(Buffer.alloc(0), state.start.algorithm), setup);
    case 'static':
      return confirm(next, octetAuth(setup.auth.value, state.start.algorithm), setup);
    case 'output':
      return { state: { kind: 'awaiting shown value', ...next }, send: [] };
    case 'input':
      return {
        state: {
          kind: 'awaiting entered value',
          ...next,
          value: setup.auth.value(state.start.action, state.start.size),
        },
        send: [],
      };
  }
}

/** Both keys and the authentication value are known: commit to our random. */
function confirm(
  { capabilities, start, deviceKey, secret }: Keyed,
  auth: Buffer,
  setup: ProvisionerSetup,
): ProvisionerStep {
  const inputs = {
    invite: provisioningParameters('invite', { attention: setup.attentionS }),
    capabilities: provisioningParameters('capabilities', capabilities),
    start: provisioningParameters('start', start),
    provisionerKey: setup.keys.public,
    deviceKey,
  };
  const made = confirmer(start.algorithm, inputs, secret, auth);
  const confirmation = made.confirm(ownRandom(setup, start.algorithm));
  return {
    state: { kind: 'confirming', capabilities, start, deviceKey, secret, confirmer: made, confirmation },
    send: [encodeProvisioning('confirmation', { value: confirmation })],
  };
}

/** The device's confirmation came: one that repeats ours proves nothing. */
function reveal(state: { kind: 'confirming' } & Confirming, theirs: Buffer, setup: ProvisionerSetup): ProvisionerStep {
  if (theirs.equals(state.confirmation)) return failed('confirmation failed', 'the device repeated our confirmation');
  return {
    state: { ...state, kind: 'awaiting random', theirs },
    send: [encodeProvisioning('random', { value: ownRandom(setup, state.start.algorithm) })],
  };
}

/** The device's random came: it must lead to the confirmation that it gave. */
function judge(state: { theirs: Buffer } & Confirming, random: Buffer, setup: ProvisionerSetup): ProvisionerStep {
  const own = ownRandom(setup, state.start.algorithm);
  const expected = state.confirmer.confirm(random);
  if (random.equals(own) || !expected.equals(state.theirs)) {
    return failed(
      'confirmation failed',
      `expected ${expected.toString('hex')}, received ${state.theirs.toString('hex')}`,
    );
  }
  const session = sessionKeys(state.confirmer.salt, own, random, state.secret);
  const { elements } = state.capabilities;
  const data = setup.data(elements);
  return {
    state: { kind: 'awaiting complete', node: { deviceKey: session.deviceKey, elements, data } },
    send: [encodeProvisioning('data', sealProvisioningData(data, session))],
  };
}

/** As many octets as the algorithm wants. */
function ownRandom(setup: ProvisionerSetup, algorithm: number): Buffer {
  return setup.random.subarray(0, authOctets(algorithm));
}

/** A number goes to the right of the value, text to its left. */
function valueAuth(value: number | string, algorithm: number): Buffer {
  return typeof value === 'number' ? numericAuth(value, algorithm) : octetAuth(Buffer.from(value, 'ascii'), algorithm);
}

function failed(reason: ProvisioningFailure, detail: string): ProvisionerStep {
  return { state: { kind: 'failed', reason, detail }, send: [] };
}

/** Both algorithms, the stronger one first. */
export const bothAlgorithms: readonly number[] = [provisioningAlgorithm.HMAC_SHA256, provisioningAlgorithm.CMAC_AES128];
