import { expect } from 'chai';
import { zclStatus } from '../../src/zigbee/codec/numbers.ts';
import { upgradeEndRequest, upgradeEndResponse } from '../../src/zigbee/codec/ota.ts';
import { judged } from './written.ts';

describe('Zigbee judges: the end of a file that the server never offered', () => {
  const file = { manufacturerCode: 0x1234, imageType: 1, fileVersion: 9 };
  const judge = (foreignEnd: string) =>
    judged(
      'ZBOTA/SRV/064',
      (w) => {
        w.out('end', upgradeEndRequest, { status: zclStatus.SUCCESS, ...file }, 7);
        w.in(upgradeEndResponse, { ...file, currentTime: 0, upgradeTime: 0 }, 7);
      },
      { policies: { foreignEnd } },
    );
  it('may be answered with an upgrade unless the policy says otherwise', () => {
    expect(judge('information').verdict).to.equal('PASS');
    expect(judge('information').notes).to.have.lengthOf(1);
    expect(judge('none').verdict).to.equal('FAIL');
  });
});
