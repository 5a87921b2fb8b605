import { expect } from 'chai';
import { BenchError } from '../core/errors.ts';
import { ixitOf } from '../core/ixit.ts';
import type { Bench } from '../core/standard.ts';
import { findDevice } from './presence.ts';

const CODE = '83FED3407A939723A5C639B26916D505C3B5';

/** What finding a device comes to where the rig has these entries; the dongle is behind a port that does not exist. */
async function found(entries: Readonly<Record<string, string>>, joinMethod = 'installCode'): Promise<string> {
  const all: Readonly<Record<string, string>> = { dongle: 'zigbee:zstack:/dev/plumbline-no-port', ...entries };
  const bench = {
    ixit: ixitOf({ joinMethod }),
    stateDir: '/nonexistent',
    privateDir: '/nonexistent',
    has: (name: string) => all[name] !== undefined,
    address: (name: string) => all[name] ?? '',
  } as unknown as Bench;
  const error: unknown = await findDevice(bench).catch((e: unknown) => e);
  expect(error).to.be.instanceOf(Error);
  if (error instanceof BenchError) expect(String(error), 'the code is secret').to.not.contain(CODE.slice(0, 8));
  return String(error);
}

describe('zigbee tester: a device that joins with an install code', () => {
  const ieee = '00124b0000000001';

  it('needs the code', async () => {
    expect(await found({ ieee })).to.contain('expected it as IXIT or as entry of iut.ZBOTA');
  });
  it('needs a code whose CRC fits, in hex', async () => {
    expect(await found({ ieee, installCode: CODE.replace('83', '84') })).to.contain('its CRC does not fit');
    expect(await found({ ieee, installCode: 'eighty-three' })).to.contain('is not written in hex');
  });
  it('needs the EUI-64 that the code is for', async () => {
    expect(await found({ installCode: CODE })).to.contain('expected its EUI-64');
  });
  it('is then looked for, as any other', async () => {
    const network = '1a62/dddddddd00000001/000102030405060708090a0b0c0d0e0f/15';
    expect(await found({ ieee, installCode: CODE, network })).to.contain('/dev/plumbline-no-port is not there');
    expect(await found({ ieee, network }, 'open')).to.contain('/dev/plumbline-no-port is not there');
  });
});
