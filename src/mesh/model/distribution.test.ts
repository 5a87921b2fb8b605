import { expect } from 'chai';
import { decodeAccess, valueOf } from '../codec/access.ts';
import { distributionPhase, transferMode, updatePhase, uploadPhase } from '../codec/enums.ts';
import { encodeMessage } from '../codec/message.ts';
import {
  distributionApply,
  distributionCancel,
  distributionGet,
  distributionStart,
  distributionStatusMessage,
  distributionSuspend,
  firmwareDelete,
  firmwareDeleteAll,
  firmwareGet,
  firmwareGetByIndex,
  firmwareStatus,
  receiversAdd,
  receiversDeleteAll,
  receiversGet,
  receiversList,
  receiversStatus,
  uploadCancel,
  uploadOobStart,
  uploadStart,
  uploadStatus,
} from '../codec/messages/distribution.ts';
import { request } from '../stack/exchange.ts';
import { meshBench } from '../testBench.ts';
import { addReceivers, awaitDistributionPhase, readReceivers, uploadFirmware } from './distributionClient.ts';
import { distributionServerNext, type DistributionServerState, type Receiver } from './distributionServer.ts';
import { PlayedDistributor, type DistributorBehaviour } from './playedDistributor.ts';
import {
  uploadServerNext,
  uploadServerStart,
  type UploadServerBehaviour,
  type UploadServerState,
} from './uploadServer.ts';

const DISTRIBUTION = {
  capabilities: {
    maxReceivers: 3,
    maxImages: 2,
    maxImageSize: 1000,
    maxUploadSpace: 2000,
    remainingSpace: 2000,
    oobRetrieval: 0,
  },
  appKeyIndexes: [0],
};
const START = { appKeyIndex: 0, ttl: 5, timeoutBase: 2, mode: 1, policy: 0, image: 0, group: 0 };
const ROW: Receiver = {
  address: 0x0301,
  phase: updatePhase.UNKNOWN,
  updateStatus: 0,
  transferStatus: 0,
  progressHalf: 0,
  image: 0,
};
const PHASES = Object.values(distributionPhase);

function stateIn(phase: number): DistributionServerState {
  return phase === distributionPhase.IDLE ? { phase, receivers: [ROW] } : { phase, receivers: [ROW], start: START };
}

function ask(state: DistributionServerState, pdu: Buffer, images = 1) {
  const step = distributionServerNext(state, { kind: 'message', decoded: decodeAccess(pdu), images }, DISTRIBUTION);
  const told = step.replies.map((reply) => {
    const decoded = decodeAccess(reply);
    const value = valueOf(distributionStatusMessage, decoded) ?? valueOf(receiversStatus, decoded);
    return value && 'phase' in value ? [value.status, value.phase] : [value?.status, value?.count];
  });
  return { ...step, told };
}

/** Status and phase of the answers, phases 0 to 7. */
const TABLE: [string, Buffer, number[][][]][] = [
  ['Get', encodeMessage(distributionGet, {}), PHASES.map((phase) => [[0, phase]])],
  [
    'same Start',
    encodeMessage(distributionStart, START),
    [[[0, 1]], [[0, 1]], [[0, 2]], [[0, 3]], [[0, 4]], [[0, 1]], [[7, 6]], [[0, 1]]],
  ],
  [
    'other Start',
    encodeMessage(distributionStart, { ...START, ttl: 6 }),
    [[[0, 1]], [[7, 1]], [[7, 2]], [[7, 3]], [[0, 1]], [[0, 1]], [[7, 6]], [[7, 7]]],
  ],
  [
    'Suspend',
    encodeMessage(distributionSuspend, {}),
    [[[2, 0]], [[0, 7]], [[2, 2]], [[2, 3]], [[2, 4]], [[2, 5]], [[2, 6]], [[0, 7]]],
  ],
  [
    'Apply',
    encodeMessage(distributionApply, {}),
    [[[2, 0]], [[2, 1]], [[0, 3]], [[0, 3]], [[0, 4]], [[2, 5]], [[2, 6]], [[2, 7]]],
  ],
  [
    'Cancel',
    encodeMessage(distributionCancel, {}),
    [
      [[0, 0]],
      [[0, 6]],
      [[0, 6]],
      [
        [0, 6],
        [0, 0],
      ],
      [[0, 0]],
      [[0, 0]],
      [[0, 6]],
      [[0, 6]],
    ],
  ],
  [
    'Receivers Delete All',
    encodeMessage(receiversDeleteAll, {}),
    [[[0, 0]], [[7, 1]], [[0, 0]], [[7, 1]], [[0, 0]], [[0, 0]], [[0, 0]], [[0, 0]]],
  ],
];

describe('played Firmware Distribution Server', () => {
  for (const [name, pdu, cells] of TABLE) {
    it(`${name} in every phase`, () =>
      expect(PHASES.map((phase) => ask(stateIn(phase), pdu).told)).to.deep.equal(cells));
  }

  it('checks a Start in the order of the standard', () => {
    const start = (change: Partial<typeof START>, state = stateIn(0), images = 1) =>
      ask(state, encodeMessage(distributionStart, { ...START, ...change }), images).told[0]?.[0];
    expect(start({ appKeyIndex: 9, image: 9 }, { phase: 0, receivers: [] })).to.equal(6);
    expect(start({ appKeyIndex: 9, image: 9 })).to.equal(5);
    expect(start({ image: 1 })).to.equal(4);
  });

  it('keeps a receivers list: a known address changes its image only, others are skipped or refused', () => {
    const add = (state: DistributionServerState, ...receivers: { address: number; image: number }[]) =>
      ask(state, encodeMessage(receiversAdd, { receivers }));
    const changed = add(
      stateIn(0),
      { address: 0x0301, image: 7 },
      { address: 0xc000, image: 0 },
      { address: 0x0302, image: 0 },
    );
    expect(changed.told).to.deep.equal([[0, 2]]);
    expect(changed.state.receivers.map((r) => [r.address, r.image])).to.deep.equal([
      [0x0301, 7],
      [0x0302, 0],
    ]);
    expect(add(changed.state, { address: 5, image: 0 }, { address: 6, image: 0 }).told).to.deep.equal([[1, 3]]);
    expect(add(stateIn(1), { address: 5, image: 0 }).told).to.deep.equal([[7, 1]]);
    const window = (first: number, limit: number) => {
      const [reply] = ask(changed.state, encodeMessage(receiversGet, { first, limit })).replies;
      return reply && valueOf(receiversList, decodeAccess(reply))?.entries.length;
    };
    expect([window(0, 1), window(0, 9), window(2, 9), window(0, 0)]).to.deep.equal([1, 2, 0, undefined]);
  });
});

describe('played distributor: uploads and stored firmware', () => {
  const UPLOAD: UploadServerBehaviour = { maxImages: 2, maxImageSize: 1000, oob: 'good', oobFirmwareId: Buffer.of(9) };
  const ID = Buffer.of(0x59, 0, 1);
  const IN_BAND = {
    ttl: 5,
    timeoutBase: 2,
    blobId: '1100000000000011',
    size: 300,
    metadata: Buffer.of(1),
    firmwareId: ID,
  };
  const OOB = { uri: 'https://example.com/fw', firmwareId: ID };
  const say = (
    state: UploadServerState,
    pdu: Buffer,
    behaviour = UPLOAD,
    distribution: number = distributionPhase.IDLE,
  ) => {
    const step = uploadServerNext(
      state,
      { kind: 'message', decoded: decodeAccess(pdu), distribution, progress: 40 },
      behaviour,
    );
    const decoded = decodeAccess(step.reply ?? Buffer.alloc(0));
    return { ...step, upload: valueOf(uploadStatus, decoded), firmware: valueOf(firmwareStatus, decoded) };
  };
  const begun = say(uploadServerStart, encodeMessage(uploadStart, IN_BAND));
  const done = uploadServerNext(begun.state, { kind: 'blob complete' }, UPLOAD).state;

  it('takes an upload, repeats, refuses another, resumes after an error', () => {
    expect(begun).to.deep.include({ prepare: { blobId: IN_BAND.blobId, timeoutBase: 2 } });
    expect(begun.upload).to.deep.equal({
      status: 0,
      phase: uploadPhase.TRANSFER_ACTIVE,
      upload: { progress: 0, type: 0, firmwareId: ID },
    });
    expect(say(begun.state, encodeMessage(uploadStart, IN_BAND)).upload).to.deep.nested.include({
      status: 0,
      'upload.progress': 40,
    });
    expect(say(begun.state, encodeMessage(uploadStart, { ...IN_BAND, size: 1 })).upload).to.include({
      status: 8,
      phase: 1,
    });
    const broken = uploadServerNext(begun.state, { kind: 'blob suspended' }, UPLOAD).state;
    expect(broken.phase).to.equal(uploadPhase.TRANSFER_ERROR);
    expect(say(broken, encodeMessage(uploadStart, IN_BAND)).upload).to.include({ status: 0, phase: 1 });
    expect(say(begun.state, encodeMessage(uploadCancel, {}))).to.deep.include({
      abort: true,
      upload: { status: 0, phase: 0 },
    });
  });

  it('refuses what does not fit and answers at once for what it holds', () => {
    expect(say(uploadServerStart, encodeMessage(uploadStart, { ...IN_BAND, size: 1001 })).upload).to.deep.equal({
      status: 1,
      phase: 0,
    });
    const again = say(done, encodeMessage(uploadStart, { ...IN_BAND, ttl: 9 }));
    expect(again.upload).to.deep.nested.include({
      status: 0,
      phase: uploadPhase.TRANSFER_SUCCESS,
      'upload.progress': 100,
    });
    expect(again.prepare).to.equal(undefined);
  });

  it('answers an out-of-band start with what its check found', () => {
    for (const [oob, status, phase] of [
      ['good', 0, 1],
      ['unsupported', 9, 0],
      ['malformed', 10, 0],
      ['unreachable', 11, 0],
      ['nothingNew', 12, 0],
    ] as const) {
      const step = say(uploadServerStart, encodeMessage(uploadOobStart, OOB), { ...UPLOAD, oob });
      expect(step.upload, oob).to.include({ status, phase });
      expect(step.retrieves).to.equal(true);
    }
    const running = say(uploadServerStart, encodeMessage(uploadOobStart, OOB)).state;
    expect(say(running, encodeMessage(uploadOobStart, { ...OOB, uri: 'https://other' })).upload?.status).to.equal(8);
    expect(uploadServerNext(running, { kind: 'oob retrieved' }, UPLOAD).state.images[0]?.firmwareId).to.deep.equal(
      Buffer.of(9),
    );
  });

  it('finds and deletes firmware', () => {
    const other = Buffer.of(1, 1);
    expect(say(done, encodeMessage(firmwareGet, { firmwareId: ID })).firmware).to.deep.equal({
      status: 0,
      count: 1,
      image: 0,
      firmwareId: ID,
    });
    expect(say(done, encodeMessage(firmwareGet, { firmwareId: other })).firmware).to.deep.include({
      status: 4,
      image: 0xffff,
      firmwareId: other,
    });
    expect(say(done, encodeMessage(firmwareGetByIndex, { image: 0 })).firmware).to.deep.include({
      status: 0,
      firmwareId: ID,
    });
    expect(say(done, encodeMessage(firmwareGetByIndex, { image: 3 })).firmware).to.deep.include({
      status: 4,
      image: 3,
    });
    expect(say(done, encodeMessage(firmwareDelete, { firmwareId: other })).firmware).to.deep.include({
      status: 0,
      count: 1,
      image: 0xffff,
    });
    expect(say(done, encodeMessage(firmwareDelete, { firmwareId: ID })).firmware).to.deep.include({
      status: 0,
      count: 0,
      firmwareId: ID,
    });
    expect(say(done, encodeMessage(firmwareDeleteAll, {})).firmware).to.deep.include({ status: 0, count: 0 });
    const busy = say(
      done,
      encodeMessage(firmwareDelete, { firmwareId: ID }),
      UPLOAD,
      distributionPhase.TRANSFER_ACTIVE,
    );
    expect(busy.firmware).to.deep.include({ status: 7, count: 1, firmwareId: Buffer.alloc(0) });
  });
});

describe('distribution by the tester as initiator', () => {
  const BEHAVIOUR: DistributorBehaviour = {
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
    upload: { maxImages: 2, maxImageSize: 1000, oob: 'good', oobFirmwareId: Buffer.of(9) },
    distribution: { ...DISTRIBUTION, capabilities: { ...DISTRIBUTION.capabilities, maxReceivers: 200 } },
    timeScale: 1,
    reportMs: 1000,
    oobMs: 1000,
    transferMs: 3000,
    applyMs: 2000,
    cancelMs: 1000,
  };
  const DATA = Buffer.from(Array.from({ length: 300 }, (_, i) => i & 0xff));
  const asking = { to: 0x0201, key: { app: 0 }, withinMs: 20_000, retryMs: 1000, everyMs: 500, noProgressMs: 20_000 };

  it('uploads, lists receivers, starts, applies and sees every phase', async () => {
    const { tester, node, turn } = meshBench();
    const distributor = new PlayedDistributor(node.stack, 0x0201, BEHAVIOUR);
    const upload = {
      ttl: 5,
      timeoutBase: 2,
      blobId: '1100000000000011',
      size: 300,
      metadata: Buffer.of(1),
      firmwareId: Buffer.of(0x59, 0, 1),
    };
    const transfer = {
      blobId: upload.blobId,
      size: 300,
      blockSizeLog: 6,
      chunkSize: 16,
      mode: transferMode.PULL,
      idleRounds: 5,
    };
    const sending = { key: { app: 0 }, mtu: 380, deadline: asking, reportMs: 67_000 };
    const outcome = await turn(uploadFirmware(tester.stack, upload, { data: DATA, transfer, sending }, asking));
    expect(outcome.polled).to.deep.nested.include({ kind: 'reached', 'value.phase': uploadPhase.TRANSFER_SUCCESS });
    expect(distributor.image.equals(DATA)).to.equal(true);

    const receivers = Array.from({ length: 150 }, (_, i) => ({ address: 0x0300 + i, image: 0 }));
    expect(await turn(addReceivers(tester.stack, receivers, asking))).to.deep.include({
      kind: 'reply',
      value: { status: 0, count: 150 },
    });
    expect((await turn(readReceivers(tester.stack, asking)))?.length).to.equal(150);

    const started = await turn(request(tester.stack, distributionStart, START, asking));
    expect(started).to.deep.nested.include({ 'value.status': 0, 'value.phase': distributionPhase.TRANSFER_ACTIVE });
    const success = await turn(awaitDistributionPhase(tester.stack, [distributionPhase.TRANSFER_SUCCESS], asking));
    expect(success.kind).to.equal('reached');
    await turn(request(tester.stack, distributionApply, {}, asking));
    const completed = await turn(awaitDistributionPhase(tester.stack, [distributionPhase.COMPLETED], asking));
    expect(completed).to.deep.include({ kind: 'reached', seen: ['APPLYING_UPDATE (0x03)', 'COMPLETED (0x04)'] });
    const rows = await turn(readReceivers(tester.stack, asking));
    expect(new Set(rows?.map((row) => row.phase))).to.deep.equal(new Set([updatePhase.APPLY_SUCCESS]));
    distributor.close();
  });

  it('policy 1 goes on to Completed by itself; Cancel leads through Canceling to Idle', async () => {
    const { tester, node, turn } = meshBench();
    const distributor = new PlayedDistributor(node.stack, 0x0201, BEHAVIOUR);
    await turn(request(tester.stack, uploadOobStart, { uri: 'https://a', firmwareId: Buffer.of(1) }, asking));
    await turn(awaitDistributionPhase(tester.stack, [0], asking));
    await turn(addReceivers(tester.stack, [{ address: 0x0300, image: 0 }], asking));
    for (let i = 0; distributor.uploadState.images.length === 0 && i < 10; i++) {
      await turn(awaitDistributionPhase(tester.stack, [0], asking));
      await turn(new Promise<void>((resolve) => void tester.stack.options.timers.after(500, resolve)));
    }
    await turn(request(tester.stack, distributionStart, { ...START, policy: 1 }, asking));
    expect((await turn(awaitDistributionPhase(tester.stack, [distributionPhase.COMPLETED], asking))).kind).to.equal(
      'reached',
    );
    await turn(request(tester.stack, distributionStart, { ...START, ttl: 7 }, asking));
    const cancelled = await turn(request(tester.stack, distributionCancel, {}, asking));
    expect(cancelled).to.deep.nested.include({ 'value.phase': distributionPhase.CANCELING_UPDATE });
    expect((await turn(awaitDistributionPhase(tester.stack, [distributionPhase.IDLE], asking))).kind).to.equal(
      'reached',
    );
    distributor.close();
  });
});
