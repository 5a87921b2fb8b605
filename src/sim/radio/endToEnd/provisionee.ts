import {
  authOctets,
  confirmer,
  keyPair,
  octetAuth,
  openProvisioningData,
  sessionKeys,
  sharedSecret,
} from '../../../mesh/codec/provisioningKeys.ts';
import { decodeProvisioning, encodeProvisioning, type ProvisioningData } from '../../../mesh/codec/provisioning.ts';

/** What a device knows once it was provisioned. */
export interface Provisioned {
  readonly data: ProvisioningData;
  readonly deviceKey: Buffer;
}

const CAPABILITIES = {
  elements: 1,
  algorithms: 1,
  publicKeyType: 0,
  oobType: 0,
  outputSize: 0,
  outputActions: 0,
  inputSize: 0,
  inputActions: 0,
} as const;
const RANDOM = Buffer.alloc(16, 5);
const DECRYPTION_FAILED = 6;
const UNEXPECTED_PDU = 3;

/** The device's side of a provisioning without OOB, for tests: PDUs in, PDUs out, in the order that the standard asks for. */
export function provisionee(done: (provisioned: Provisioned) => void): (pdu: Buffer) => Buffer[] {
  const keys = keyPair();
  const heard: Record<'invite' | 'start' | 'key', Buffer> = {
    invite: Buffer.alloc(0),
    start: Buffer.alloc(0),
    key: Buffer.alloc(0),
  };
  let secret: Buffer = Buffer.alloc(0);
  let made: ReturnType<typeof confirmer> | undefined;
  let session: ReturnType<typeof sessionKeys> | undefined;
  const failed = (error: number): Buffer[] => [encodeProvisioning('failed', { error })];
  return (octets) => {
    const pdu = decodeProvisioning(octets);
    const algorithm = heard.start[0] ?? 0;
    switch (pdu.kind) {
      case 'invite':
        heard.invite = octets.subarray(1);
        return [encodeProvisioning('capabilities', CAPABILITIES)];
      case 'start':
        heard.start = octets.subarray(1);
        return [];
      case 'public key':
        heard.key = octets.subarray(1);
        secret = sharedSecret(keys, heard.key) ?? secret;
        return [encodeProvisioning('public key', { x: keys.public.subarray(0, 32), y: keys.public.subarray(32) })];
      case 'confirmation': {
        const capabilities = encodeProvisioning('capabilities', CAPABILITIES).subarray(1);
        const { invite, start, key: provisionerKey } = heard;
        const inputs = { invite, capabilities, start, provisionerKey, deviceKey: keys.public };
        made = confirmer(algorithm, inputs, secret, octetAuth(Buffer.alloc(0), algorithm));
        return [encodeProvisioning('confirmation', { value: made.confirm(RANDOM.subarray(0, authOctets(algorithm))) })];
      }
      case 'random':
        if (made === undefined) return failed(UNEXPECTED_PDU);
        session = sessionKeys(made.salt, pdu.value, RANDOM, secret);
        return [encodeProvisioning('random', { value: RANDOM })];
      case 'data': {
        if (session === undefined) return failed(UNEXPECTED_PDU);
        const data = openProvisioningData(pdu.encrypted, pdu.mic, session);
        if (data === undefined) return failed(DECRYPTION_FAILED);
        done({ data, deviceKey: session.deviceKey });
        return [encodeProvisioning('complete', {})];
      }
      case 'capabilities':
      case 'input complete':
      case 'complete':
      case 'failed':
        return failed(UNEXPECTED_PDU);
    }
  };
}
