import { expect } from 'chai';
import { TesterError } from '../../core/errors.ts';
import type { CommandType } from './command.ts';
import { decodeFrame, encodeCommand, printFrame, rawFrame, valueOf } from './frame.ts';
import { globalCommands } from './global.ts';
import { direction, frameType, zclStatus } from './numbers.ts';
import { imageBlockRequest, imageBlockResponse, imageNotify, otaCommands, upgradeEndRequest } from './ota.ts';
import { loadFrameVectors } from './vectors.ts';

const vectors = loadFrameVectors();
const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const commands: readonly CommandType[] = [...otaCommands, ...globalCommands];

function typeNamed(name: string): CommandType {
  const type = commands.find((candidate) => candidate.name === name);
  if (type === undefined) throw new Error(`no command ${name}`);
  return type;
}

describe('ZCL frames of the OTA Upgrade cluster', () => {
  it('has a vector for every command', () => {
    const named = new Set(vectors.frames.map((v) => v.of));
    expect(commands.filter(({ name }) => !named.has(name)).map(({ name }) => name)).to.deep.equal([]);
  });

  for (const v of vectors.frames) {
    const options = {
      sequence: v.header.sequence,
      direction: v.header.from === 'server' ? direction.SERVER_TO_CLIENT : direction.CLIENT_TO_SERVER,
      disableDefaultResponse: v.header.quiet,
    };

    it(`${v.of}, ${v.case}: decodes and encodes`, () => {
      const decoded = decodeFrame(hex(v.hex));
      expect(decoded).to.deep.include({ kind: 'command', value: v.value });
      expect(decoded.kind === 'command' && decoded.type.name).to.equal(v.of);
      expect(decoded.header).to.include({
        direction: options.direction,
        sequence: v.header.sequence,
        disableDefaultResponse: v.header.quiet ? 1 : 0,
      });
      expect(encodeCommand(typeNamed(v.of), v.value, options).toString('hex')).to.equal(v.hex);
    });

    it(`${v.of}, ${v.case}: every truncation is a shorter command, an older form of it, or truncated`, () => {
      for (let length = 0; length < v.hex.length / 2; length++) {
        const short = hex(v.hex).subarray(0, length);
        const decoded = decodeFrame(short);
        expect(printFrame(short)).to.be.a('string');
        if (decoded.kind === 'malformed') expect(decoded.error.code, `${length} octets`).to.equal('truncated');
        else if (decoded.kind === 'command' && !decoded.reports.some((text) => text.includes('older')))
          expect(encodeCommand(decoded.type, decoded.value, options), `${length} octets`).to.deep.equal(short);
        else expect(decoded.kind, `${length} octets`).to.equal('command');
      }
    });
  }

  it('an answer asks for no default response, a request does, unless told otherwise', () => {
    for (const type of otaCommands) expect(type.answers, type.name).to.equal(type.name.endsWith('Response'));
    const abort = { status: zclStatus.ABORT };
    expect(encodeCommand(imageBlockResponse, abort, { sequence: 0x20 }).toString('hex')).to.equal('19200595');
    expect(encodeCommand(imageNotify, { payloadType: 0, queryJitter: 100 }, { sequence: 1 })[0]).to.equal(0x09);
  });

  it('finds nothing odd in the vectors but a type without a length, and prints names with numbers', () => {
    const odd = vectors.frames.map((v) => printFrame(hex(v.hex))).filter((text) => text.includes('odd'));
    expect(odd).to.have.length(1);
    expect(odd[0]).to.contain('length of data type reserved (0x48) unknown');
    expect(printFrame(hex('193007ffffffffffffffff0000000000000000'))).to.equal(
      '#48 Upgrade End Response: manufacturerCode=0xffff, imageType=0xffff, fileVersion=0xffffffff, currentTime=0, upgradeTime=0',
    );
    expect(printFrame(hex('1850010600003001'))).to.equal(
      '#80 Read Attributes Response: records=[{attribute=0x0006, status=SUCCESS (0x00), value=1 of ENUM8 (0x30)}]',
    );
  });

  it('finds the value of a command by its type', () => {
    const decoded = decodeFrame(hex('19200595'));
    expect(valueOf(imageBlockResponse, decoded)).to.deep.equal({ status: zclStatus.ABORT });
    expect(valueOf(imageBlockRequest, decoded)).to.equal(undefined);
    expect(valueOf(imageBlockResponse, decodeFrame(hex('1920')))).to.equal(undefined);
  });

  it('knows only global commands of another cluster', () => {
    expect(decodeFrame(hex('19200595'), 0x000a).kind).to.equal('unknown');
    expect(decodeFrame(hex('18200b0398'), 0x000a).kind).to.equal('command');
  });
});

describe('odd ZCL frames', () => {
  for (const v of vectors.odd) {
    it(v.case, () => {
      const decoded = decodeFrame(hex(v.hex));
      expect(printFrame(hex(v.hex))).to.be.a('string');
      if (v.malformed !== undefined) {
        expect(decoded.kind).to.equal('malformed');
        if (decoded.kind !== 'malformed') return;
        const { code, at } = decoded.error;
        expect({ code, at, ...(decoded.type && { of: decoded.type.name }) }).to.deep.equal(v.malformed);
      } else if (v.unknown !== undefined) {
        expect(decoded.kind).to.equal('unknown');
        if (decoded.kind !== 'unknown') return;
        expect({ command: decoded.header.command, reports: decoded.reports }).to.deep.equal(v.unknown);
      } else {
        expect(decoded.kind === 'command' && decoded.reports).to.deep.equal(v.reports);
      }
    });
  }

  it('every octet string up to three octets, and every header before junk, gives a defined result', () => {
    for (let first = 0; first < 256; first++) {
      for (const tail of ['', '01', '0102', '01020304ff', '0105970000']) {
        const text = printFrame(Buffer.concat([Buffer.of(first), hex(tail)]));
        expect(text).to.match(/malformed|unknown|:|Read Attributes/);
      }
    }
  });

  it('the safe way writes no contradiction, the raw way does', () => {
    const request = { manufacturerCode: 0x131b, imageType: 1, fileVersion: 2, fileOffset: 0, maximumDataSize: 63 };
    expect(() => encodeCommand(imageBlockRequest, { fieldControl: 1, ...request }, { sequence: 1 })).to.throw(
      TesterError,
      'requestNodeIeeeAddress is missing where fieldControl is 1',
    );
    expect(() => encodeCommand(imageBlockResponse, { status: 0x95, fileOffset: 0 }, { sequence: 1 })).to.throw(
      TesterError,
      'fileOffset has no place where status is 149',
    );
    expect(() => encodeCommand(upgradeEndRequest, { status: 0x95 }, { sequence: 1 })).to.throw(
      TesterError,
      'manufacturerCode is missing',
    );
    expect(() => encodeCommand(typeNamed('Default Response'), { command: 0, status: 0 }, { sequence: 1 })).to.throw(
      TesterError,
      'needs a direction',
    );
    const header = { frameType: frameType.CLUSTER, direction: direction.CLIENT_TO_SERVER, sequence: 0x30 } as const;
    expect(rawFrame(header, 0x06, hex('95')).toString('hex')).to.equal('01300695');
  });
});
