import { expect } from 'chai';
import { blockOffset, blockOption, blockSize, findBlock, printBlock } from './block.ts';
import { decode, encode, type MalformedRule, type Message, printMalformed, printMessage } from './message.ts';
import {
  findUint,
  isCritical,
  OPTION,
  optionDefects,
  pathOf,
  queryOf,
  textOption,
  uintOption,
  uriOptions,
} from './options.ts';

const message = (raw: string): Message => {
  const decoded = decode(Buffer.from(raw, 'hex'));
  if (!decoded.ok) throw new Error(printMalformed(decoded.defect));
  return decoded.message;
};

describe('CoAP message', () => {
  /** [octets, one-line form]; the first two are the exchanges of RFC 7252 A.1 figure 16. */
  const vectors: [string, string][] = [
    ['40017d34bb74656d7065726174757265', 'CON 0.01 GET /temperature mid=7d34'],
    ['60457d34ff32322e332043', 'ACK 2.05 Content mid=7d34, 6 octets'],
    ['40007d35', 'CON empty mid=7d35'],
    ['70007d35', 'RST empty mid=7d35'],
    ['52450001abcd', 'NON 2.05 Content mid=0001 token=abcd'],
    ['4103000101c02101', 'CON 0.03 PUT / mid=0001 token=01 Content-Format=0 Max-Age=1'],
  ];

  for (const [raw, line] of vectors)
    it(`reads, prints and writes ${line}`, () => {
      expect(printMessage(message(raw))).to.equal(line);
      expect(encode(message(raw)).toString('hex')).to.equal(raw);
    });

  it('gives every option by number, whatever name the codec has for it', () => {
    const options = [
      uintOption(OPTION.observe, 0),
      ...uriOptions('/oic/res', ['rt=oic.r.softwareupdate', 'if=oic.if.rw']),
      uintOption(OPTION.contentFormat, 10000),
      uintOption(OPTION.accept, 60),
      blockOption(OPTION.block1, { num: 3, more: true, szx: 2 }),
      { number: 252, value: Buffer.from('aa', 'hex') },
      { number: 292, value: Buffer.alloc(0) },
      uintOption(OPTION.ocfAcceptVersion, 2048),
      uintOption(OPTION.ocfVersion, 2048),
      { number: 65000, value: Buffer.alloc(300, 7) },
    ];
    const made: Message = {
      type: 'CON',
      code: '0.02',
      mid: 1,
      token: Buffer.from('01', 'hex'),
      options,
      payload: Buffer.from('x'),
    };
    const back = message(encode(made).toString('hex'));
    expect(back).to.deep.equal({ ...made, options: options.toSorted((a, b) => a.number - b.number) });
    expect(pathOf(back.options)).to.equal('/oic/res');
    expect(queryOf(back.options)).to.deep.equal(['rt=oic.r.softwareupdate', 'if=oic.if.rw']);
    expect(findUint(back.options, OPTION.contentFormat)).to.equal(10000);
    expect(printMessage(back))
      .to.contain('POST /oic/res?rt=oic.r.softwareupdate&if=oic.if.rw')
      .and.contain('Block1=3/1/64');
  });

  it('writes numbers in the fewest octets', () => {
    for (const [value, hex] of [
      [0, ''],
      [60, '3c'],
      [255, 'ff'],
      [256, '0100'],
      [11542, '2d16'],
      [2 ** 32 - 1, 'ffffffff'],
    ] as const)
      expect(uintOption(OPTION.accept, value).value.toString('hex')).to.equal(hex);
  });

  /** The negative catalogue: every kind of malformed datagram, with what remains readable of it. */
  const catalogue: [string, string, MalformedRule, number][] = [
    ['nothing', '', 'short', 0],
    ['three octets', '400100', 'short', 3],
    ['version 0', '00017d34', 'version', 0],
    ['version 2', '80017d34', 'version', 0],
    ['version 3', 'c0017d34', 'version', 0],
    ...[9, 10, 11, 12, 13, 14, 15].map((tkl): [string, string, MalformedRule, number] => [
      `token length ${tkl}`,
      `4${tkl.toString(16)}017d34${'00'.repeat(20)}`,
      'token-length',
      0,
    ]),
    ['truncated token', '44017d34ababab', 'token-truncated', 7],
    ['option delta 15', '40017d34f161', 'option-reserved', 4],
    ['option length 15', '40017d34bf61', 'option-reserved', 4],
    ['option value cut off', '40017d34b36161', 'option-truncated', 7],
    ['extended delta cut off', '40017d34d0', 'option-truncated', 5],
    ['extended length cut off', '40017d340e01', 'option-truncated', 6],
    ['option number above 65535', '40017d34e0fef2e0ffff', 'option-number', 7],
    ['payload marker with nothing after it', '40017d34b161ff', 'marker-without-payload', 6],
    ['ping with a payload', '40007d34ff61', 'empty-not-empty', 4],
    ['ping with a token', '41007d34ab', 'empty-not-empty', 4],
    ['acknowledgement that is empty but longer', '60007d3400', 'empty-not-empty', 4],
    ['reset with payload', '70457d34ff61', 'reset-not-empty', 1],
    ['empty NON', '50007d34', 'empty-non', 1],
    ['acknowledgement with a request', '60017d34', 'ack-with-request', 1],
    ['code of class 1', '40217d34', 'reserved-class', 1],
    ['code of class 6', '40c17d34', 'reserved-class', 1],
    ['code of class 7', '40ff7d34', 'reserved-class', 1],
  ];

  for (const [name, raw, rule, at] of catalogue)
    it(`reports ${name}`, () => {
      const decoded = decode(Buffer.from(raw, 'hex'));
      expect(decoded).to.deep.include({ ok: false });
      if (decoded.ok) return;
      expect(decoded.defect).to.include({ rule, at });
      const readable = rule !== 'short' && rule !== 'version';
      expect(decoded.defect.mid, 'message id').to.equal(readable ? 0x7d34 : undefined);
    });

  it('has a result for every truncation of a message', () => {
    const whole = Buffer.from('42020001abcdb3737775122710ff6869', 'hex');
    const cut = Array.from({ length: whole.length }, (_, i) => decode(whole.subarray(0, i)));
    expect(decode(whole)).to.deep.include({ ok: true });
    expect(cut.map((d) => (d.ok ? 'ok' : d.defect.rule)).join(' ')).to.equal(
      'short short short short token-truncated token-truncated ok option-truncated option-truncated option-truncated ' +
        'ok option-truncated option-truncated ok marker-without-payload ok',
    );
  });

  it('tells which options break the rules', () => {
    expect(isCritical(OPTION.uriPath)).to.equal(true);
    expect(isCritical(OPTION.etag)).to.equal(false);
    expect(optionDefects([...uriOptions('/a/b'), { number: 2054, value: Buffer.alloc(1) }])).to.deep.equal([]);
    expect(
      optionDefects([
        { number: 2055, value: Buffer.alloc(0) },
        uintOption(OPTION.contentFormat, 1),
        uintOption(OPTION.contentFormat, 2),
        textOption(OPTION.block2, 'long'),
      ]),
    ).to.deep.equal([
      'unknown critical option 2055',
      'Content-Format (12) stands more than once',
      'Block2 (23) has 4 octets, allowed are 0 to 3',
    ]);
  });
});

describe('block option', () => {
  it('holds number, M and size exponent', () => {
    for (const [block, hex, print] of [
      [{ num: 0, more: false, szx: 0 }, '', '0/0/16'],
      [{ num: 0, more: true, szx: 6 }, '0e', '0/1/1024'],
      [{ num: 65535, more: false, szx: 0 }, '0ffff0', '65535/0/16'],
      [{ num: 2 ** 20 - 1, more: true, szx: 7 }, 'ffffff', '1048575/1/2048'],
    ] as const) {
      const option = blockOption(OPTION.block1, block);
      expect(option.value.toString('hex')).to.equal(hex);
      expect(findBlock([option], OPTION.block1)).to.deep.equal(block);
      expect(printBlock(block)).to.equal(print);
    }
    expect(findBlock([], OPTION.block1)).to.equal(undefined);
    expect(blockOffset({ num: 3, more: false, szx: 2 })).to.equal(3 * blockSize(2));
  });
});
