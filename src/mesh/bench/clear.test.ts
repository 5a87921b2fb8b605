import { expect } from 'chai';
import { DriveEnd } from '../../core/case.ts';
import { blobPhase, updatePhase } from '../codec/enums.ts';
import { blobTransferCancel, blobTransferGet } from '../codec/messages/blob.ts';
import { updateCancel, updateGet } from '../codec/messages/update.ts';
import { clearer } from './clear.ts';

describe('arranging a mesh device', () => {
  const BLOB_ID = '1100000000000011';
  const { INACTIVE, TRANSFER_COMPLETE } = blobPhase;
  const { IDLE, TRANSFER_ERROR } = updatePhase;
  interface Device {
    blob: number;
    update: number;
    readonly asked: string[];
  }
  /** An Update Server that takes a cancelled transfer for one that failed, in Idle as well; its BLOB Transfer Server answers or is silent. */
  const arranged = async (device: Device, silent = false): Promise<Device> => {
    const ask = (_label: string, _to: number, type: { name: string }, value: { blobId?: string }): Promise<object> => {
      device.asked.push(type.name);
      if (silent && type.name.startsWith('BLOB')) return Promise.reject(new DriveEnd('no answer'));
      if (type.name === blobTransferCancel.name && value.blobId === BLOB_ID)
        Object.assign(device, { blob: INACTIVE, update: TRANSFER_ERROR });
      if (type.name === updateCancel.name) device.update = IDLE;
      const { blob, update } = device;
      const transfer = { phase: blob, ...(blob !== INACTIVE && { blobId: BLOB_ID }) };
      return Promise.resolve(type.name.startsWith('BLOB') ? transfer : { phase: update });
    };
    const tester = {
      ask: ask as never,
      poll: () => Promise.resolve(undefined),
      declared: (item: string) => item === 'DFUM 3/1',
      element: () => 0x0201,
      off: () => Promise.resolve(),
      on: () => Promise.resolve(),
    };
    const done = (): Promise<void> => Promise.resolve();
    await clearer({ bench: {}, tester, ensure: done, leave: done, forget: () => undefined }).idle();
    return device;
  };

  it('ends a transfer that an earlier run left complete, and what that makes of the update', async () => {
    const { blob, update } = await arranged({ blob: TRANSFER_COMPLETE, update: IDLE, asked: [] });
    expect([blob, update]).to.deep.equal([INACTIVE, IDLE]);
  });
  it('asks two questions of a device at rest', async () => {
    const { asked } = await arranged({ blob: INACTIVE, update: IDLE, asked: [] });
    expect(asked).to.deep.equal([blobTransferGet.name, updateGet.name]);
  });
  it('leaves a BLOB Transfer Server that is silent to the cases', async () => {
    const { update } = await arranged({ blob: TRANSFER_COMPLETE, update: TRANSFER_ERROR, asked: [] }, true);
    expect(update).to.equal(IDLE);
  });
});
