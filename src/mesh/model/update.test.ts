import { expect } from 'chai';
import { decodeAccess, valueOf } from '../codec/access.ts';
import { blobPhase, transferMode, updatePhase, updateStatus } from '../codec/enums.ts';
import { encodeMessage } from '../codec/message.ts';
import {
  metadataCheck,
  metadataStatus,
  updateApply,
  updateCancel,
  updateGet,
  updateInformationGet,
  updateInformationStatus,
  updateStart,
  updateStatusMessage,
} from '../codec/messages/update.ts';
import { type Fate, lossy } from '../stack/bearerPair.ts';
import { meshBench } from '../testBench.ts';
import { blobPhaseOf } from './blobServer.ts';
import { PlayedTarget, type TargetBehaviour } from './playedTarget.ts';
import { runUpdate, type UpdatePlan } from './updateClient.ts';
import { type UpdateServerBehaviour, updateServerNext, type UpdateServerState } from './updateServer.ts';

const OLD = Buffer.from('59000001', 'hex');
const NEW = Buffer.from('59000002', 'hex');
const IMAGE = { firmwareId: OLD, uri: 'https://example.com/fw' };
const BEHAVIOUR: UpdateServerBehaviour = { images: [IMAGE], newFirmwareId: NEW, additional: 1 };
const START = { ttl: 5, timeoutBase: 2, blobId: '1100000000000011', image: 0, metadata: Buffer.of(1, 2) };
const DATA = Buffer.alloc(300, 9);
const PHASES = [
  updatePhase.IDLE,
  updatePhase.TRANSFER_ERROR,
  updatePhase.TRANSFER_ACTIVE,
  updatePhase.VERIFYING_UPDATE,
  updatePhase.VERIFICATION_SUCCEEDED,
  updatePhase.VERIFICATION_FAILED,
  updatePhase.APPLYING_UPDATE,
];

function stateIn(phase: number): UpdateServerState {
  const firmwareIds = [OLD];
  return phase === updatePhase.IDLE
    ? { phase, firmwareIds }
    : { phase, firmwareIds, update: { ...START, additional: 1 } };
}

function ask(state: UpdateServerState, pdu: Buffer, behaviour = BEHAVIOUR, blobBusy = false) {
  const step = updateServerNext(state, { kind: 'message', decoded: decodeAccess(pdu), blobBusy }, behaviour);
  return { ...step, status: step.reply && valueOf(updateStatusMessage, decodeAccess(step.reply)) };
}

/** Status and following phase for every phase from Idle to Applying, as the standard's table has them. */
const TABLE: [string, Buffer, [number, number][]][] = [
  ['Get', encodeMessage(updateGet, {}), PHASES.map((phase) => [0, phase])],
  [
    'identical Start',
    encodeMessage(updateStart, START),
    [
      [0, 2],
      [0, 2],
      [0, 2],
      [0, 3],
      [0, 4],
      [0, 2],
      [0, 6],
    ],
  ],
  [
    'other Start',
    encodeMessage(updateStart, { ...START, ttl: 6 }),
    [
      [0, 2],
      [0, 2],
      [2, 2],
      [2, 3],
      [2, 4],
      [0, 2],
      [2, 6],
    ],
  ],
  ['Cancel', encodeMessage(updateCancel, {}), PHASES.map(() => [0, 0])],
  [
    'Apply',
    encodeMessage(updateApply, {}),
    [
      [2, 0],
      [2, 1],
      [2, 2],
      [2, 3],
      [0, 6],
      [2, 5],
      [0, 6],
    ],
  ],
];

describe('played Firmware Update Server', () => {
  for (const [name, pdu, cells] of TABLE) {
    it(`${name} in every phase`, () => {
      const seen = PHASES.map((phase) => {
        const { status } = ask(stateIn(phase), pdu);
        return [status?.status, status?.phase];
      });
      expect(seen).to.deep.equal(cells);
    });
  }

  it('refuses a Start for a wrong index, refused metadata, a busy BLOB server, and as told', () => {
    const refusals = [
      ask(stateIn(0), encodeMessage(updateStart, { ...START, image: 1 })),
      ask(stateIn(0), encodeMessage(updateStart, START), { ...BEHAVIOUR, refuseMetadata: true }),
      ask(stateIn(0), encodeMessage(updateStart, START), BEHAVIOUR, true),
      ask(stateIn(0), encodeMessage(updateStart, START), {
        ...BEHAVIOUR,
        startStatus: updateStatus.INSUFFICIENT_RESOURCES,
      }),
    ];
    expect(refusals.map(({ status }) => status)).to.deep.equal([4, 5, 7, 1].map((status) => ({ status, phase: 0 })));
  });

  it('shows its firmware, windows of the list, and nothing while applying', () => {
    const entries = (pdu: Buffer, phase = 0) => {
      const { reply } = ask(stateIn(phase), pdu);
      return reply && valueOf(updateInformationStatus, decodeAccess(reply));
    };
    expect(entries(encodeMessage(updateInformationGet, { first: 0, limit: 1 }))).to.deep.equal({
      count: 1,
      first: 0,
      entries: [IMAGE],
    });
    expect(entries(encodeMessage(updateInformationGet, { first: 1, limit: 1 }))?.entries).to.deep.equal([]);
    expect(entries(encodeMessage(updateInformationGet, { first: 0, limit: 1 }), updatePhase.APPLYING_UPDATE)).to.equal(
      undefined,
    );
  });

  it('predicts the additional information, and none where it refuses', () => {
    const check = (image: number, behaviour = BEHAVIOUR) => {
      const { reply } = ask(stateIn(0), encodeMessage(metadataCheck, { image, metadata: Buffer.of(1) }), behaviour);
      return reply && valueOf(metadataStatus, decodeAccess(reply));
    };
    expect(check(0)).to.deep.equal({ status: 0, additional: 1, image: 0 });
    expect(check(9)).to.deep.equal({ status: 4, additional: 0, image: 9 });
    expect(check(0, { ...BEHAVIOUR, refuseMetadata: true })).to.deep.equal({ status: 5, additional: 0, image: 0 });
  });
});

describe('update of a target by the tester', () => {
  const TARGET: TargetBehaviour = {
    blob: {
      information: {
        minBlockSizeLog: 6,
        maxBlockSizeLog: 8,
        maxChunks: 16,
        maxChunkSize: 64,
        maxBlobSize: 1000,
        mtu: 380,
        push: 1,
        pull: 1,
      },
      chunksPerReport: 4,
    },
    update: BEHAVIOUR,
    timeScale: 1,
    reportMs: 1000,
    verifyMs: 3000,
    applyMs: 2000,
  };
  const deadline = { withinMs: 20_000, retryMs: 1000 };

  async function update(mode: number, change: Parameters<PlayedTarget['behave']>[0], fate?: (pdu: Buffer) => Fate) {
    const bench = meshBench(fate);
    const target = new PlayedTarget(bench.node.stack, 0x0201, TARGET);
    target.behave(change);
    const plan: UpdatePlan = {
      target: 0x0201,
      key: { app: 0 },
      start: START,
      data: DATA,
      transfer: { blobId: START.blobId, size: DATA.length, blockSizeLog: 7, chunkSize: 16, mode, idleRounds: 5 },
      sending: { key: { app: 0 }, mtu: 380, deadline, reportMs: 67_000 },
      polling: { ...deadline, everyMs: 500, noProgressMs: 20_000 },
    };
    const outcome = await bench.turn(runUpdate(bench.tester.stack, plan));
    target.close();
    return { outcome, target };
  }

  for (const [name, mode] of [
    ['push', transferMode.PUSH],
    ['pull', transferMode.PULL],
  ] as const) {
    it(`${name}: ends with the new firmware, with and without loss`, async () => {
      for (const fate of [undefined, lossy(5, 0.1, 0.01)]) {
        const { outcome, target } = await update(mode, {}, fate);
        expect(outcome).to.deep.equal({ kind: 'updated', firmwareIds: [NEW] });
        expect(target.updateState.phase).to.equal(updatePhase.IDLE);
        expect(blobPhaseOf(target.blobState)).to.equal(blobPhase.INACTIVE);
      }
    });
  }

  it('stops at the step that fails, and says why', async () => {
    const stops = [
      await update(1, { update: { startStatus: updateStatus.TEMPORARILY_UNAVAILABLE } }),
      await update(1, { blob: { blockStartStatus: 3 } }),
      await update(1, { update: { failVerification: true } }),
    ];
    expect(stops.map(({ outcome }) => outcome)).to.deep.equal([
      { kind: 'stopped', step: 'start', why: 'TEMPORARILY_UNAVAILABLE (0x06)' },
      { kind: 'stopped', step: 'transfer', why: 'status INVALID_CHUNK_SIZE (0x03)' },
      { kind: 'stopped', step: 'verify', why: 'VERIFICATION_FAILED (0x05)' },
    ]);
    expect((await update(1, { update: { failApply: true } })).outcome).to.deep.equal({
      kind: 'updated',
      firmwareIds: [OLD],
    });
  });
});
