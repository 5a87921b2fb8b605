import { expect } from 'chai';
import { memorySink } from '../../core/events.ts';
import { decodeProvisioning, encodeProvisioning, inputAction, outputAction } from '../codec/provisioning.ts';
import {
  authOctets,
  confirmer,
  keyPair,
  numericAuth,
  octetAuth,
  openProvisioningData,
  sessionKeys,
  sharedSecret,
} from '../codec/provisioningKeys.ts';
import { type Bearer, ProxyLink } from '../stack/proxyLink.ts';
import { bearerPair } from '../stack/bearerPair.ts';
import { manualTimers, type Timers } from '../stack/timers.ts';
import { hex } from '../vectors/load.ts';
import { type OobHelper, provisionDevice } from './provisionDevice.ts';
import { bothAlgorithms, type ProvisioningAuth, type ProvisionerSetup } from './provisioner.ts';

const CAPABILITIES = {
  elements: 2,
  algorithms: 3,
  publicKeyType: 0,
  oobType: 1,
  outputSize: 4,
  outputActions: 8,
  inputSize: 4,
  inputActions: 4,
};
const STATIC = hex('00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff');

/** A device as the standard describes it, that waits for each PDU in turn; `wrongAuth` makes it know another value. */
function playDevice(
  bearer: Bearer,
  timers: Timers,
  auth: ProvisioningAuth,
  behaviour: { silentAt?: string; wrongAuth?: boolean } = {},
) {
  const keys = keyPair();
  const random = Buffer.alloc(32, 5);
  const seen: Record<'invite' | 'start' | 'key', Buffer> = {
    invite: Buffer.alloc(0),
    start: Buffer.alloc(0),
    key: Buffer.alloc(0),
  };
  const device: { key?: Buffer; unicast?: number } = {};
  let made: ReturnType<typeof confirmer> | undefined;
  let secret: Buffer = Buffer.alloc(0);
  const send = (pdu: Buffer): void => void link.send({ type: 3, payload: pdu });
  const authValue = (algorithm: number): Buffer => {
    if (behaviour.wrongAuth === true) return octetAuth(Buffer.of(9, 9), algorithm);
    switch (auth.kind) {
      case 'none':
        return octetAuth(Buffer.alloc(0), algorithm);
      case 'static':
        return octetAuth(auth.value, algorithm);
      case 'output':
        return numericAuth(1234, algorithm);
      case 'input':
        return numericAuth(Number(auth.value(2, 4)), algorithm);
    }
  };
  const link = new ProxyLink(bearer, timers, 20_000, {
    message({ payload }) {
      const pdu = decodeProvisioning(payload);
      const algorithm = seen.start[0] ?? 0;
      if (pdu.kind === behaviour.silentAt) return;
      switch (pdu.kind) {
        case 'invite':
          seen.invite = payload.subarray(1);
          return send(encodeProvisioning('capabilities', CAPABILITIES));
        case 'start':
          seen.start = payload.subarray(1);
          return;
        case 'public key':
          seen.key = payload.subarray(1);
          secret = sharedSecret(keys, seen.key) ?? Buffer.alloc(0);
          send(encodeProvisioning('public key', { x: keys.public.subarray(0, 32), y: keys.public.subarray(32) }));
          if (auth.kind === 'input') send(encodeProvisioning('input complete', {}));
          return;
        case 'confirmation': {
          const capabilities = encodeProvisioning('capabilities', CAPABILITIES).subarray(1);
          const inputs = {
            invite: seen.invite,
            capabilities,
            start: seen.start,
            provisionerKey: seen.key,
            deviceKey: keys.public,
          };
          made = confirmer(algorithm, inputs, secret, authValue(algorithm));
          return send(
            encodeProvisioning('confirmation', { value: made.confirm(random.subarray(0, authOctets(algorithm))) }),
          );
        }
        case 'random': {
          if (made === undefined) throw new Error('random before confirmation');
          const own = random.subarray(0, authOctets(algorithm));
          const session = sessionKeys(made.salt, pdu.value, own, secret);
          device.key = session.deviceKey;
          return send(encodeProvisioning('random', { value: own }));
        }
        case 'data': {
          if (made === undefined) throw new Error('data before random');
          const session = sessionKeys(
            made.salt,
            Buffer.alloc(32, 3).subarray(0, authOctets(algorithm)),
            random.subarray(0, authOctets(algorithm)),
            secret,
          );
          const unicast = openProvisioningData(pdu.encrypted, pdu.mic, session)?.unicast;
          if (unicast === undefined) return send(encodeProvisioning('failed', { error: 6 }));
          device.unicast = unicast;
          return send(encodeProvisioning('complete', {}));
        }
        case 'capabilities':
        case 'input complete':
        case 'complete':
        case 'failed':
          return send(encodeProvisioning('failed', { error: 3 }));
      }
    },
    problem: () => undefined,
    closed: () => undefined,
  });
  return device;
}

function setupOf(auth: ProvisioningAuth, algorithms = bothAlgorithms): ProvisionerSetup {
  return {
    attentionS: 0,
    algorithms,
    auth,
    keys: keyPair(),
    random: Buffer.alloc(32, 3),
    data: () => ({ netKey: Buffer.alloc(16, 1), keyIndex: 0, flags: 0, ivIndex: 0, unicast: 0x0201 }),
  };
}

describe('provisioning over GATT', () => {
  const auths: ProvisioningAuth[] = [
    { kind: 'none' },
    { kind: 'static', value: STATIC },
    { kind: 'output' },
    { kind: 'input', value: () => 77 },
  ];
  const run = async (
    auth: ProvisioningAuth,
    behaviour: Parameters<typeof playDevice>[3],
    algorithms?: readonly number[],
    cutAfterMs?: number,
  ) => {
    const timers = manualTimers();
    const [left, right] = bearerPair(20);
    const device = playDevice(right, timers, auth, behaviour);
    const sink = memorySink();
    const shown: number[][] = [];
    const helper: OobHelper = {
      read(action, size) {
        shown.push([action, size]);
        return Promise.resolve(1234);
      },
      enter(action, value) {
        shown.push([action, Number(value)]);
        return Promise.resolve();
      },
    };
    const ended = provisionDevice(left, setupOf(auth, algorithms), {
      sink,
      timers,
      withinMs: 60_000,
      proxyReassemblyMs: 20_000,
      helper,
    });
    if (cutAfterMs !== undefined) timers.after(cutAfterMs, () => left.cut('gone'));
    for (let i = 0; i < 14; i++) await timers.advance(5000);
    return { end: await ended, device, sink, shown };
  };

  for (const auth of auths) {
    for (const algorithm of bothAlgorithms) {
      it(`${auth.kind} OOB, algorithm ${algorithm}: both sides end with the same device key`, async () => {
        const { end, device, sink, shown } = await run(auth, {}, [algorithm]);
        expect(end).to.deep.nested.include({ kind: 'done', 'node.elements': 2 });
        expect(end.kind === 'done' && device.key?.equals(end.node.deviceKey)).to.equal(true);
        expect(device.unicast).to.equal(0x0201);
        const helped = {
          none: [],
          static: [],
          output: [[outputAction.OUTPUT_NUMERIC, 4]],
          input: [[inputAction.INPUT_NUMERIC, 77]],
        };
        expect(shown).to.deep.equal(helped[auth.kind]);
        const dirs = sink.events
          .filter((e) => e.type === 'mesh.provisioning')
          .map((e) => `${e.dir} ${e.raw?.slice(0, 2)}`);
        expect(dirs.slice(0, 4)).to.deep.equal(['out 00', 'in 01', 'out 02', 'out 03']);
        expect(dirs.slice(-2)).to.deep.equal(['out 07', 'in 08']);
      });
    }
  }

  it('fails on another authentication value, a silent device, a lost connection', async () => {
    const wrong = await run({ kind: 'static', value: STATIC }, { wrongAuth: true });
    expect(wrong.end).to.include({ kind: 'failed', reason: 'confirmation failed' });
    expect(wrong.sink.events.at(-1)?.data).to.include({ end: 'failed', reason: 'confirmation failed' });
    for (const silentAt of ['invite', 'confirmation', 'random', 'data']) {
      expect((await run({ kind: 'none' }, { silentAt })).end).to.include({ kind: 'failed', reason: 'timeout' });
    }
    expect((await run({ kind: 'none' }, { silentAt: 'random' }, undefined, 1000)).end).to.include({
      kind: 'failed',
      reason: 'link closed',
    });
  });
});
