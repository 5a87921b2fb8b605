import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parse } from 'yaml';
import type { Judgement } from '../../src/core/judge.ts';
import {
  blobPhase,
  blobStatus,
  distributionPhase,
  distributionStatus,
  updatePhase,
  updateStatus,
} from '../../src/mesh/codec/enums.ts';
import { encodeMessage, type MessageType, rawMessage } from '../../src/mesh/codec/message.ts';
import {
  blobBlockStart,
  blobBlockStatus,
  blobPartialBlockReport,
  blobTransferGet,
  blobTransferStatus,
} from '../../src/mesh/codec/messages/blob.ts';
import { distributionStatusMessage, receiversList } from '../../src/mesh/codec/messages/distribution.ts';
import {
  updateApply,
  updateGet,
  updateInformationGet,
  updateInformationStatus,
  updateStatusMessage,
} from '../../src/mesh/codec/messages/update.ts';
import { MESH_SUITES } from './suites.ts';
import { judged, NODE, type Written } from './written.ts';

const cases = MESH_SUITES.flatMap((s) => s.cases);

/** How many purposes each group has. */
const PURPOSES = { GEN: 4, 'BLB-S': 23, FUS: 15, FDS: 21, FUC: 5, FDC: 5, BLC: 6 } as const;

describe('mesh suites', () => {
  it('have all 79 purposes', () => {
    const wanted = Object.entries(PURPOSES).flatMap(([group, count]) =>
      Array.from({ length: count }, (_, i) => `DFUM/${group}/${String(i + 1).padStart(2, '0')}`),
    );
    expect(cases.map((c) => c.id).sort()).to.deep.equal(wanted.sort());
  });

  it('name statements that exist', () => {
    const read = (spec: string): string[] => {
      const file = new URL(`../../ics/statements/${spec}.yaml`, import.meta.url.replace('/dist/suites/', '/suites/'));
      return (parse(readFileSync(file, 'utf8')) as { statements: { id: string }[] }).statements.map((s) => s.id);
    };
    const known = new Set([...read('dfum'), ...read('mbtm')]);
    expect(cases.flatMap((c) => c.statements).filter((s) => !known.has(s))).to.deep.equal([]);
  });
});

describe('mesh verdicts: Transfer Get in Inactive', () => {
  const id = 'DFUM/BLB-S/02';
  const inactive = { status: blobStatus.SUCCESS, mode: 0, phase: blobPhase.INACTIVE };
  it('passes two octets', () => {
    const { verdict, reasons } = judged(id, (w) => w.ask('get', blobTransferGet, blobTransferStatus, inactive));
    expect([verdict, reasons]).to.deep.equal(['PASS', []]);
  });
  it('fails another status', () => {
    const { reason } = judged(id, (w) =>
      w.ask('get', blobTransferGet, blobTransferStatus, { ...inactive, status: blobStatus.WRONG_PHASE }),
    );
    expect(reason).to.include({ verdict: 'FAIL', statement: 'MBTM-S.get-inactive', expected: 'SUCCESS (0x00)' });
  });
  it('fails a BLOB id in Inactive', () => {
    const { verdict, statements } = judged(id, (w) =>
      w.ask('get', blobTransferGet, blobTransferStatus, { ...inactive, blobId: '1100000000000011' }),
    );
    expect(verdict).to.equal('FAIL');
    expect(statements['MBTM-M.fields']).to.equal('FAIL');
  });
  it('fails octets that fit no layout', () => {
    const { reason } = judged(id, (w) => {
      w.message('out', blobTransferGet, {}, 'get');
      const via = w.octets('in', rawMessage(blobTransferStatus.opcode, Buffer.of(0)));
      w.add({ type: 'mesh.answer', dir: 'in', via, data: { label: 'get', tries: 1 } });
    });
    expect(reason).to.include({ verdict: 'FAIL', statement: 'MBTM-S.get-inactive' });
  });
  it('cannot tell where fewer questions were lost than loss explains', () => {
    const { verdict } = judged(id, (w) => {
      for (let i = 0; i < 4; i++) w.message('out', blobTransferGet, {}, 'get');
    });
    expect(verdict).to.equal('INCONC');
  });
  it('fails a device that answers none of five', () => {
    const { reason } = judged(id, (w) => {
      for (let i = 0; i < 5; i++) w.message('out', blobTransferGet, {}, 'get');
    });
    expect(reason).to.include({ verdict: 'FAIL', statement: 'MBTM-S.get-inactive' });
  });
});

describe('mesh verdicts: a Transfer Start that the limits leave no room for', () => {
  it('leaves it open whether it is refused', () => {
    for (const id of ['DFUM/BLB-S/05', 'DFUM/BLB-S/06'])
      expect(
        judged(id, (w) => w.ask('start', blobTransferGet, blobTransferStatus, { status: 0, mode: 0, phase: 0 }))
          .verdict,
      ).to.equal('INCONC');
  });
});

describe('mesh verdicts: the server timeout', () => {
  const id = 'DFUM/BLB-S/19';
  const block = { status: blobStatus.SUCCESS, format: 3, block: 0, chunkSize: 8, wanted: [0] };
  const transfer = { size: 64, blockSizeLog: 6, mtu: 380, blocksNotReceived: Buffer.of(1) };
  const status = { status: blobStatus.SUCCESS, mode: 2, blobId: '1100000000000011', transfer };
  /** Armed at 0 s, looked at at these times (s). */
  const timeline =
    (running: readonly number[], over?: number) =>
    (w: Written): void => {
      const begin = w.ms;
      w.message('out', blobBlockStart, { block: 0, chunkSize: 8 }, 'block');
      const via = w.message('in', blobBlockStatus, block);
      w.add({ type: 'mesh.answer', dir: 'in', via, data: { label: 'block', tries: 1 } });
      const poll = (s: number, phase: number): void => {
        w.ms = begin + s * 1000;
        w.ask('poll', blobTransferGet, blobTransferStatus, { ...status, phase });
      };
      for (const s of running) poll(s, blobPhase.WAITING_FOR_NEXT_CHUNK);
      if (over !== undefined) poll(over, blobPhase.TRANSFER_SUSPENDED);
    };
  const verdictOf = (running: readonly number[], over?: number): string => judged(id, timeline(running, over)).verdict;

  it('passes one that is over in time', () => expect(verdictOf([1, 49], 51)).to.equal('PASS'));
  it('fails one that is over too early', () => expect(verdictOf([1], 20)).to.equal('FAIL'));
  it('fails one that still runs long after its time', () => expect(verdictOf([1, 100])).to.equal('FAIL'));
  it('fails a multiple of 10 s that is off by one', () => {
    expect([verdictOf([1, 38], 40), verdictOf([1, 58], 60)]).to.deep.equal(['FAIL', 'FAIL']);
  });
  it('cannot tell where it was over when first looked at', () => expect(verdictOf([], 5)).to.equal('INCONC'));
  it('cannot tell where the case ended before its time', () => expect(verdictOf([1, 10])).to.equal('INCONC'));
  it('cannot tell where nobody looked for long before', () => expect(verdictOf([1], 51)).to.equal('INCONC'));
  it('cannot tell where nobody looked until long after', () => expect(verdictOf([1, 49], 60)).to.equal('INCONC'));
});

describe('mesh verdicts: Apply', () => {
  const id = 'DFUM/FUS/08';
  const { SUCCESS: status, WRONG_PHASE } = updateStatus;
  const update = { ttl: 3, additional: 0, timeoutBase: 20, blobId: '1100000000000011', image: 0 };
  const firmwareId = Buffer.from('f1050200', 'hex');
  /** A push update up to its verification, then Apply answered so, then what runs. */
  const applied = (answer: { status: number; phase: number }, tries: number, runs = firmwareId): Judgement =>
    judged(
      id,
      (w) => {
        w.add({ type: 'mark', data: { name: 'image', firmwareId: firmwareId.toString('hex') } }, 'run');
        w.ask('start', updateGet, updateStatusMessage, { status, phase: updatePhase.TRANSFER_ACTIVE, update });
        w.add({ type: 'mark', data: { name: 'transfer over', end: 'complete' } }, 'run');
        const verified = { status, phase: updatePhase.VERIFICATION_SUCCEEDED, update };
        w.ask('verifying', updateGet, updateStatusMessage, verified);
        w.ask('apply', updateApply, updateStatusMessage, answer, tries);
        w.ask('applying', updateGet, updateStatusMessage, { status, phase: updatePhase.IDLE });
        const entries = [{ firmwareId: runs, uri: '' }];
        w.ask('new firmware', updateGet, updateInformationStatus, { count: 1, first: 0, entries });
      },
      { shortPhases: 'mayBeMissed' },
    );
  const restarted = { status: WRONG_PHASE, phase: updatePhase.IDLE };

  it('passes a device that had restarted already when a repeated Apply came', () => {
    expect(applied(restarted, 2).reasons).to.deep.equal([]);
  });
  it('fails one that had not, one that refuses, and one whose firmware is still the old one', () => {
    const refused = { status: WRONG_PHASE, phase: updatePhase.VERIFICATION_SUCCEEDED, update };
    const old = Buffer.from('f1050100', 'hex');
    for (const judgement of [applied(restarted, 1), applied(refused, 2), applied(restarted, 2, old)])
      expect(judgement.statements['DFUM-U.apply']).to.equal('FAIL');
  });
});

describe('mesh verdicts: what a target has to get', () => {
  const FIRST = 3;
  const status = distributionStatus.SUCCESS;
  /** A distribution to the end, in which one of two targets never gets the Information Get that confirms its update. */
  const confirmedBut = (phase: number): Judgement =>
    judged('DFUM/FUC/01', (w) => {
      const applies = { src: NODE, ttl: 5, key: 'app:0' };
      for (const address of [FIRST, FIRST + 1])
        for (const type of address === FIRST ? [updateApply] : [updateApply, updateInformationGet]) {
          const raw = encodeMessage(type as MessageType, { first: 0, limit: 1 }).toString('hex');
          w.add({ type: 'mesh.access', dir: 'in', raw, data: { ...applies, dst: address } });
        }
      const distribution = { group: 0, appKeyIndex: 0, ttl: 3, timeoutBase: 20, mode: 1, policy: 1, image: 0 };
      const completed = { status, phase: distributionPhase.COMPLETED, distribution };
      w.ask('distributing', updateGet, distributionStatusMessage, completed);
      const entry = { address: FIRST, phase, updateStatus: 0, transferStatus: 0, progressHalf: 50, image: 0 };
      w.ask('receivers after', updateGet, receiversList, { count: 1, first: 0, entries: [entry] });
    });

  it('fails a distributor that tells success of a target without it', () => {
    expect(confirmedBut(updatePhase.APPLY_SUCCESS).verdict).to.equal('FAIL');
  });
  it('cannot tell where the distributor gave the target up', () => {
    expect(confirmedBut(updatePhase.APPLY_FAILED).verdict).to.equal('INCONC');
  });
});

describe('mesh verdicts: what became of the targets of a distribution', () => {
  const FIRST = 3;
  const status = distributionStatus.SUCCESS;
  const distribution = { group: 0, appKeyIndex: 0, ttl: 3, timeoutBase: 20, mode: 1, policy: 1, image: 0 };
  /** A distribution that completes, one target of which ends in this phase; its octets, and whether its answers arrived. */
  const ended = (id: string, phase: number, digest: string, arrived = true): Judgement =>
    judged(id, (w) => {
      w.ask('start', updateGet, distributionStatusMessage, {
        status,
        phase: distributionPhase.TRANSFER_ACTIVE,
        distribution,
      });
      if (!arrived) w.add({ type: 'mesh.undelivered', dir: 'out', data: { src: FIRST, dst: NODE } });
      const completed = { status, phase: distributionPhase.COMPLETED, distribution };
      w.ask('distributing', updateGet, distributionStatusMessage, completed);
      const received = [
        { address: FIRST, digest },
        { address: FIRST + 1, digest: 'aa' },
      ];
      w.add({ type: 'mark', data: { name: 'images', sent: 'aa', received } }, 'run');
      const rest = { updateStatus: 0, transferStatus: 0, progressHalf: 50, image: 0 };
      const entries = [
        { address: FIRST, phase, ...rest },
        { address: FIRST + 1, phase: updatePhase.APPLY_SUCCESS, ...rest },
      ];
      w.ask('receivers after', updateGet, receiversList, { count: 2, first: 0, entries });
    });

  it('other octets fail where the distributor tells success of the target, and prove nothing where it gave it up', () => {
    const verdict = (phase: number): string | undefined =>
      ended('DFUM/BLC/03', phase, 'bb').statements['MBTM-C.resend'];
    expect(verdict(updatePhase.APPLY_SUCCESS)).to.equal('FAIL');
    expect(verdict(updatePhase.UNKNOWN)).to.equal('INCONC');
  });
  it('a target that was given up fails unless its answers did not arrive', () => {
    const verdict = (arrived: boolean): string => ended('DFUM/FDS/13', updatePhase.UNKNOWN, 'aa', arrived).verdict;
    expect(verdict(true)).to.equal('FAIL');
    expect(verdict(false)).to.equal('INCONC');
  });
});

describe('mesh verdicts: order of update phases', () => {
  const id = 'DFUM/FUS/03';
  const get = (w: Written, phase: number, tries = 1): void =>
    w.ask('get', updateGet, updateStatusMessage, { status: updateStatus.SUCCESS, phase }, tries);
  it('fails a phase that nothing led to', () => {
    const { statements } = judged(id, (w) => {
      get(w, updatePhase.IDLE);
      get(w, updatePhase.VERIFICATION_SUCCEEDED);
    });
    expect(statements['DFUM-U.order']).to.equal('FAIL');
  });
  it('leaves answers to repeated questions out', () => {
    const { statements } = judged(id, (w) => {
      get(w, updatePhase.IDLE);
      get(w, updatePhase.VERIFICATION_SUCCEEDED, 2);
    });
    expect(statements['DFUM-U.order']).to.equal(undefined);
  });
});

describe('mesh verdicts: Partial Block Report', () => {
  it('takes the opcode of older products unless the policy says otherwise', () => {
    const write = (w: Written): void => {
      w.message('out', blobBlockStart, { block: 0, chunkSize: 8 }, 'block');
      const via = w.message('in', blobBlockStatus, { status: 0, format: 3, block: 0, chunkSize: 8, wanted: [0] });
      w.add({ type: 'mesh.answer', dir: 'in', via, data: { label: 'block', tries: 1 } });
      for (let i = 0; i < 2; i++) {
        w.ms += 10_000;
        w.octets('in', Buffer.concat([rawMessage(0x65, Buffer.of(0))]));
      }
    };
    expect(blobPartialBlockReport.opcode).to.equal(0x68);
    expect(judged('DFUM/BLB-S/18', write, { reportOpcode: '68or65' }).verdict).to.equal('PASS');
    expect(judged('DFUM/BLB-S/18', write, { reportOpcode: '68' }).reason).to.include({
      verdict: 'FAIL',
      statement: 'MBTM-S.report',
    });
  });
});
