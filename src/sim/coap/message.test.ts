import { expect } from 'chai';
import { OPTION, pathOf, readMessage, textsOf, uintOf, uintOption, writeMessage } from './message.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');

describe('simulated CoAP: messages', () => {
  it('reads a GET of /oic/res with rt query and Accept 10000, and writes the same octets', () => {
    const hex = '41017d3420b36f6963037265734572743d2d2d222710';
    const message = readMessage(bytes(hex));
    if ('malformed' in message) throw new Error(message.malformed);
    expect(message).to.include({ type: 'CON', code: '0.01', mid: 0x7d34 });
    expect([pathOf(message), textsOf(message, OPTION.uriQuery), uintOf(message, OPTION.accept)]).to.deep.equal([
      '/oic/res',
      ['rt=--'],
      10_000,
    ]);
    expect(writeMessage(message).toString('hex')).to.equal(hex);
  });
  const malformed: readonly [string, string][] = [
    ['', 'nothing'],
    ['4001', 'half a header'],
    ['80017d34', 'version 2'],
    ['49017d34010203040506070809', 'token length 9'],
    ['44017d340102', 'token cut short'],
    ['40017d34ff', 'payload marker without payload'],
    ['40017d34b3', 'option cut short'],
    ['40017d34f1', 'option delta 15'],
    ['40007d3400', 'empty message with more octets'],
  ];
  for (const [hex, what] of malformed)
    it(`takes ${what} for malformed`, () => {
      expect(readMessage(bytes(hex))).to.have.property('malformed').that.is.not.empty;
    });
  it('writes numbers in as few octets as they need', () => {
    const written = [0, 1, 256, 10_000, 0xff_ff_ff].map((value) => uintOption(12, value).value.toString('hex'));
    expect(written).to.deep.equal(['', '01', '0100', '2710', 'ffffff']);
  });
});
