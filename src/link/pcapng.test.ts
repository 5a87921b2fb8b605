import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { needTool } from '../core/testing/need.ts';
import { memorySink } from '../core/events.ts';
import { addressOctets, capture } from './pcapng.ts';

const EPOCH_MS = 1_700_000_000_000;
/** A GET of /a, its 2.05 with payload "hi" (an odd number of octets), and a ping. */
const GET = '42017d34abcdb161';
const CONTENT = '62457d34abcdff6869';
const PING = '40007d35';

const sink = memorySink(() => 1234.567891);
const v4 = { local: '127.0.0.1:40000', peer: '10.1.2.3:5683' };
const v6 = { local: '[fe80::1%eth0]:40000', peer: '[ff02::158]:5683' };
sink.append({ channel: 'coap', type: 'datagram', dir: 'out', raw: GET, data: v4 });
sink.append({ channel: 'coap', type: 'datagram.lost', dir: 'in', raw: CONTENT, data: v4 });
sink.append({ channel: 'coap', type: 'coap.message', dir: 'in', raw: CONTENT, data: { peer: v4.peer } });
sink.append({ channel: 'coap', type: 'datagram', dir: 'in', raw: CONTENT, data: v4 });
/** HCI Reset and its Command Complete. */
const RESET = '01030c00';
const COMPLETE = '040e0401030c00';
sink.append({ channel: 'packages', type: 'datagram', dir: 'out', raw: PING, data: v6 });
sink.append({ channel: 'ble', type: 'hci', dir: 'out', raw: RESET });
sink.append({ channel: 'ble', type: 'hci', dir: 'in', raw: COMPLETE });
sink.append({ channel: 'ble', type: 'hci.refused', dir: 'in', raw: '07' });
const file = capture(sink.events, EPOCH_MS);

describe('capture', () => {
  it('is a row of blocks whose two lengths agree: section, one interface per channel, one packet per datagram or HCI packet', () => {
    const types: number[] = [];
    for (let at = 0; at < file.length; ) {
      const length = file.readUInt32LE(at + 4);
      types.push(file.readUInt32LE(at));
      expect(length % 4, 'block length').to.equal(0);
      expect(file.readUInt32LE(at + length - 4), 'length at the end of the block').to.equal(length);
      at += length;
    }
    expect(types).to.deep.equal([0x0a0d0d0a, 1, 1, 1, 6, 6, 6, 6, 6]);
  });

  it('knows all ways to write an address', () => {
    expect(addressOctets('10.1.2.3').toString('hex')).to.equal('0a010203');
    expect(addressOctets('fe80::1%eth0').toString('hex')).to.equal('fe800000000000000000000000000001');
    expect(addressOctets('::').toString('hex')).to.equal('00000000000000000000000000000000');
    expect(addressOctets('1:2:3:4:5:6:7:8').toString('hex')).to.equal('00010002000300040005000600070008');
    expect(addressOctets('::ffff:1.2.3.4').toString('hex')).to.equal('00000000000000000000ffff01020304');
  });

  it('opens in tshark as CoAP with right checksums, times and comments', function () {
    const fields = ['frame.time_epoch', 'ip.checksum.status', 'udp.checksum.status', 'coap.mid', 'frame.comment'];
    const rows = tshark(this, fields, 'udp');
    const time = `${EPOCH_MS / 1000 + 1}.234568000`;
    expect(rows).to.deep.equal([
      [time, '1', '1', '32052', 'event 0', ''],
      [time, '1', '1', '32052', 'event 3', ''],
      [time, '', '1', '32053', 'event 4', ''],
    ]);
  });

  it('opens in tshark as HCI packets with their directions', function () {
    const rows = tshark(this, ['hci_h4.direction', 'bthci_cmd.opcode', 'bthci_evt.opcode', 'frame.comment'], 'hci_h4');
    expect(rows).to.deep.equal([
      ['0x00', '0x0c03', '', 'event 5', ''],
      ['0x01', '', '0x0c03', 'event 6', ''],
    ]);
  });
});

/** One row of the wanted fields, and of the mark for malformed packets, for each packet that the filter lets pass. */
function tshark(test: Mocha.Context, fields: readonly string[], filter: string): string[][] {
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-'));
  try {
    const path = join(dir, 'capture.pcapng');
    writeFileSync(path, file);
    const checks = ['-o', 'ip.check_checksum:TRUE', '-o', 'udp.check_checksum:TRUE', '-d', 'udp.port==5683,coap'];
    const columns = [...fields, '_ws.malformed'].flatMap((field) => ['-e', field]);
    const run = spawnSync('tshark', ['-r', path, ...checks, '-Y', filter, '-T', 'fields', ...columns], {
      encoding: 'utf8',
    });
    needTool(test, 'the program tshark', run.error === undefined ? true : undefined);
    return run.stdout
      .replace(/\n$/, '')
      .split('\n')
      .map((row) => row.split('\t'));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
