import { expect } from 'chai';
import type { Ev } from '../core/events.ts';
import { logOf } from '../core/log.ts';
import { updateCancel } from './codec/messages/update.ts';
import { message } from './kinds.ts';

describe('kinds of mesh messages', () => {
  it('leave out what came while the device was brought to rest', () => {
    const heard = (n: number, more: object): Ev => ({
      n,
      ms: n,
      channel: 'mesh',
      type: 'mesh.access',
      dir: 'in',
      raw: '830e',
      data: { src: 0x0100, dst: 3, key: 'app:0', ...more },
    });
    const log = logOf([heard(0, { arrange: true }), heard(1, {})], 1);
    expect(log.all(message(updateCancel)).map(({ n }) => n)).to.deep.equal([1]);
  });
});
