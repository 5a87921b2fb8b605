import { expect } from 'chai';
import { InputError } from '../../core/errors.ts';
import { parseBleUrl } from './url.ts';

describe('names of Bluetooth adapters', () => {
  for (const [url, address] of [
    ['ble:hci0', { kind: 'kernel', device: 0 }],
    ['ble:hci12', { kind: 'kernel', device: 12 }],
    ['ble:default', { kind: 'platform' }],
    ['ble:h4:tcp://127.0.0.1:9999', { kind: 'h4', stream: 'tcp://127.0.0.1:9999' }],
    ['ble:h4:/dev/ttyACM0', { kind: 'h4', stream: 'serial:/dev/ttyACM0?baud=1000000' }],
    ['ble:h4:/dev/ttyACM0?baud=115200', { kind: 'h4', stream: 'serial:/dev/ttyACM0?baud=115200' }],
    ['ble:h4:COM3', { kind: 'h4', stream: 'serial:COM3?baud=1000000' }],
  ] as const)
    it(`reads ${url}`, () => {
      expect(parseBleUrl(url)).to.deep.equal(address);
    });

  it('names what it expected', () => {
    for (const url of ['ble:', 'ble:hci', 'ble:h4:', 'ble:h4:udp://x', 'serial:/dev/ttyACM0'])
      expect(() => parseBleUrl(url)).to.throw(InputError, 'expected ble:hci0');
  });
});
