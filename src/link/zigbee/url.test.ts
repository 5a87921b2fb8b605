import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { InputError } from '../../core/errors.ts';
import { networkOf, parseNetwork } from './network.ts';
import { parseZigbeeUrl } from './url.ts';

describe('zigbee link: names of dongles', () => {
  it('serial port with its settings, and a dongle behind a network', () => {
    expect(parseZigbeeUrl('zigbee:ember:/dev/serial/by-id/usb-x?baud=115200&flow=hardware')).to.deep.equal({
      kind: 'ember',
      path: '/dev/serial/by-id/usb-x',
      baudRate: 115200,
      rtscts: true,
    });
    expect(parseZigbeeUrl('zigbee:zstack:tcp://127.0.0.1:6638')).to.deep.equal({
      kind: 'zstack',
      path: 'tcp://127.0.0.1:6638',
    });
  });
  for (const url of ['zigbee:zoh:/dev/ttyUSB0', 'zigbee:zstack:ttyUSB0', 'zigbee:zstack:/dev/x?baud=fast', 'ble:hci0'])
    it(`refuses ${url}`, () => expect(() => parseZigbeeUrl(url)).to.throw(InputError));
});

describe('zigbee link: the network of a rig', () => {
  const text = '1a62/dddddddd00000001/000102030405060708090a0b0c0d0e0f/15';
  it('is what the rig file says', () => {
    expect(parseNetwork(text)).to.include({ panId: 0x1a62, channel: 15, extendedPanId: 'dddddddd00000001' });
  });
  it('refuses a channel that Zigbee does not have, without showing the key', () => {
    expect(() => parseNetwork(text.replace(/15$/, '27')))
      .to.throw(InputError)
      .with.property('message')
      .not.contain('0001020304');
  });
  it('is otherwise made once and kept', () => {
    const folder = mkdtempSync(join(tmpdir(), 'plumbline-network-'));
    try {
      const first = networkOf(folder, undefined);
      expect(networkOf(folder, undefined)).to.deep.equal(first);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
