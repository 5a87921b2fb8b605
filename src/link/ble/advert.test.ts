import { expect } from 'chai';
import {
  adStructures,
  advertisingReports,
  encodeAd,
  encodeServiceData,
  localName,
  serviceData,
  serviceUuids,
} from './advert.ts';

const FLAGS = '020106';
const UUIDS = '03032818';
const DATA = '0c16281800aabbccddeeff0011';
const NAME = '05096e6f6465';
const report = (type: string, data: string): string =>
  `${type}01554433221100${(data.length / 2).toString(16).padStart(2, '0')}${data}c4`;
const event = (reports: string[]): Buffer => {
  const body = `02${reports.length.toString(16).padStart(2, '0')}${reports.join('')}`;
  return Buffer.from(`043e${(body.length / 2).toString(16).padStart(2, '0')}${body}`, 'hex');
};

describe('advertisements', () => {
  const all = Buffer.from(FLAGS + UUIDS + DATA + NAME, 'hex');

  it('reads AD structures, service data, service UUIDs and name', () => {
    expect(adStructures(all).map(({ type }) => type)).to.deep.equal([0x01, 0x03, 0x16, 0x09]);
    expect(serviceData(all, 0x1828)?.toString('hex')).to.equal('00aabbccddeeff0011');
    expect(serviceData(all, 0x1827)).to.equal(undefined);
    expect(serviceUuids(all)).to.deep.equal([0x1828]);
    expect(localName(all)).to.equal('node');
    expect(encodeServiceData(0x1828, Buffer.from('00aabbccddeeff0011', 'hex')).toString('hex')).to.equal(DATA);
    expect(encodeAd(9, Buffer.from('node')).toString('hex')).to.equal(NAME);
  });

  it('drops a structure that is cut off, wherever the data ends', () => {
    for (let length = 0; length < all.length; length++) {
      const whole = adStructures(all.subarray(0, length));
      expect(whole.reduce((sum, { data }) => sum + data.length + 2, 0)).to.be.at.most(length);
    }
  });

  it('reads every report of an event', () => {
    const found = advertisingReports(event([report('00', FLAGS), report('04', NAME), report('03', '')]));
    expect(found.map(({ pdu }) => pdu)).to.deep.equal(['ADV_IND', 'SCAN_RSP', 'ADV_NONCONN_IND']);
    const [first] = found;
    expect(first).to.deep.include({ id: '001122334455', address: '00:11:22:33:44:55', random: true, rssi: -60 });
    expect(first?.data.toString('hex')).to.equal(FLAGS);
  });

  it('takes no report from another packet, nor from one that is cut off', () => {
    expect(advertisingReports(Buffer.from('040e0401030c00', 'hex'))).to.deep.equal([]);
    const whole = event([report('00', FLAGS)]);
    for (let length = 0; length < whole.length; length++)
      expect(advertisingReports(whole.subarray(0, length))).to.deep.equal([]);
  });
});
