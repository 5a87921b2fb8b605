import { expect } from 'chai';
import { distributionStatus } from '../../src/mesh/codec/enums.ts';
import { firmwareDelete, firmwareGet, firmwareStatus } from '../../src/mesh/codec/messages/distribution.ts';
import { judged, type Written } from './written.ts';

describe('mesh verdicts: Firmware Delete', () => {
  const ID = Buffer.from('f1050200', 'hex');
  const NONE = 0xffff;
  const { SUCCESS, FIRMWARE_NOT_FOUND } = distributionStatus;
  /** An image that is deleted, `tries` messages of which were sent; what the last of them was answered with. */
  const deleted = (status: number, count: number, tries: number, policy: string): string | undefined => {
    const policies = { firmwareGetUnknown: '4', firmwareDeleteUnknown: policy };
    const unknown = policy === 'success' ? SUCCESS : FIRMWARE_NOT_FOUND;
    const write = (w: Written): void => {
      const tell = (label: string, value: { status: number; count: number; image: number }, times = 1): void => {
        const question = label.includes('delete') ? firmwareDelete : firmwareGet;
        for (let i = 0; i < times; i++) w.message('out', question, { firmwareId: ID }, label);
        const via = w.message('in', firmwareStatus, { ...value, firmwareId: ID });
        w.add({ type: 'mesh.answer', dir: 'in', via, data: { label, tries: times } });
      };
      tell('stored A', { status: SUCCESS, count: 1, image: 0 });
      tell('unknown', { status: FIRMWARE_NOT_FOUND, count: 1, image: NONE });
      tell('by index', { status: SUCCESS, count: 1, image: 0 });
      tell('no index', { status: FIRMWARE_NOT_FOUND, count: 1, image: 1 });
      tell('delete unknown', { status: unknown, count: 1, image: NONE });
      tell('delete', { status, count, image: NONE }, tries);
      tell('deleted', { status: FIRMWARE_NOT_FOUND, count: 0, image: NONE });
      tell('delete all', { status: SUCCESS, count: 0, image: NONE });
    };
    return judged('DFUM/FDS/09', write, policies, { firmwareIdA: ID.toString('hex') }).statements['DFUM-D.delete'];
  };

  it('may find nothing any more when it is repeated', () => {
    for (const policy of ['either', '4']) expect(deleted(FIRMWARE_NOT_FOUND, 0, 2, policy)).to.equal('PASS');
  });
  it('fails where it finds nothing at first, where the image is still there, and where unknown ids are to be Success', () => {
    expect(deleted(FIRMWARE_NOT_FOUND, 0, 1, 'either')).to.equal('FAIL');
    expect(deleted(FIRMWARE_NOT_FOUND, 1, 2, 'either')).to.equal('FAIL');
    expect(deleted(FIRMWARE_NOT_FOUND, 0, 2, 'success')).to.equal('FAIL');
    expect(deleted(SUCCESS, 0, 2, 'success')).to.equal('PASS');
  });
});
