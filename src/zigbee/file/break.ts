import { InputError } from '../../core/errors.ts';
import { ELEMENT_HEADER_OCTETS, ELEMENT_OCTETS, elementTag } from './header.ts';
import { dummyData, type ImageOrder, makeImage } from './make.ts';
import { type ImageElement, type ImageFile, tagName } from './read.ts';

/**
 * What a correct client does with such a file: `refuse` it and keep running what it runs, `accept` it like a sound one, or
 * either, as `declared` (ICS, IXIT or policy).
 */
export type ClientMust = 'refuse' | 'accept' | 'declared';

/** One way to spoil a file. */
export interface BreakKind {
  readonly name: string;
  /** What is wrong with the file. */
  readonly what: string;
  readonly client: ClientMust;
  /** What the client has to do, in the words of the cluster. */
  readonly must: string;
  /** The spoilt file. InputError where this file has nothing of the kind to spoil. */
  apply(file: ImageFile, size: number): Buffer;
}

/** Size of an oversized file unless told otherwise. */
export const OVERSIZE_OCTETS = 4 * 2 ** 20;

const FOREIGN_EUI64 = 'fffffffffffffffe';
const INVALID = 'Upgrade End Request INVALID_IMAGE, or none at all and back to Normal; the old version keeps running';
const NOT_STARTED =
  'no download, or one that ends in Upgrade End Request INVALID_IMAGE or ABORT; the old version keeps running';
const CHECKED = `where it declares the check (OTA.C.VERIFY.*): ${INVALID}`;
const AS_SOUND = 'downloads, verifies and runs it like the sound file';

/** All kinds. Those that change what a file says give it a right integrity code, so that there is one fault and no other. */
export const BREAK_KINDS: readonly BreakKind[] = [
  patch('truncated', 'the last quarter is missing', 'refuse', NOT_STARTED, (image) =>
    image.subarray(0, Math.floor((image.length * 3) / 4)),
  ),
  patch('bit-flipped', 'one bit in the middle of the upgrade image', 'declared', CHECKED, (image, file) => {
    const { at, data } = elementOf(file, elementTag.UPGRADE_IMAGE);
    return flip(image, dataAt(file, at) + (data.length >> 1));
  }),
  patch('integrity-wrong', 'one bit of the integrity code', 'declared', CHECKED, (image, file) =>
    flip(image, dataAt(file, elementOf(file, elementTag.INTEGRITY_CODE).at)),
  ),
  remade(
    'integrity-coverage',
    'an integrity code that covers the file the other way',
    'declared',
    'verifies as its maker declares (ZB-P8)',
    ({ integrity }) => {
      if (integrity === undefined) throw lacking('right integrity code');
      return { integrity: integrity === 'before' ? 'withHeader' : 'before' };
    },
  ),
  signature('signature-wrong-1', 1, elementTag.ECDSA_CERTIFICATE_1, elementTag.ECDSA_SIGNATURE_1),
  signature('signature-wrong-2', 2, elementTag.ECDSA_CERTIFICATE_2, elementTag.ECDSA_SIGNATURE_2),
  patch('total-size-larger', 'a total size 16 octets above what is there', 'refuse', NOT_STARTED, (image) =>
    put(image, 52, image.length + 16, 4),
  ),
  patch('total-size-smaller', 'a total size one octet short', 'refuse', NOT_STARTED, (image) =>
    put(image, 52, image.length - 1, 4),
  ),
  patch('element-overrun', 'a last element that claims 4096 octets too many', 'refuse', INVALID, (image, file) => {
    const last = file.elements.at(-1);
    if (last === undefined) throw lacking('element');
    return put(image, last.at + 2, last.data.length + 4096, 4);
  }),
  patch('header-length', 'a header length 4 octets short', 'refuse', INVALID, (image, { header }) =>
    put(image, 6, header.headerLength - 4, 2),
  ),
  patch('wrong-identifier', 'another file identifier', 'refuse', INVALID, (image) => put(image, 0, 0, 1)),
  patch(
    'header-version',
    'header version 0x0200',
    'declared',
    'refuses what it cannot read, or reads it as 0x0100',
    (image) => put(image, 4, 0x0200, 2),
  ),
  remade('wrong-manufacturer', 'another manufacturer in the header', 'refuse', NOT_STARTED, ({ manufacturerCode }) => ({
    manufacturerCode: manufacturerCode ^ 1,
  })),
  remade('wrong-type', 'another image type in the header', 'refuse', NOT_STARTED, ({ imageType }) => ({
    imageType: imageType ^ 1,
  })),
  remade('other-version', 'a header version that is not the one offered', 'refuse', INVALID, ({ fileVersion }) => ({
    fileVersion: (fileVersion ^ 1) >>> 0,
  })),
  remade(
    'older-version',
    'file version 1, older than what runs',
    'declared',
    'no download, unless it accepts lower versions (OTA.C.DOWN)',
    () => ({ fileVersion: 1 }),
  ),
  remade('wrong-destination', 'meant for another device', 'refuse', NOT_STARTED, ({ upgradeFileDestination }) => ({
    upgradeFileDestination: upgradeFileDestination === FOREIGN_EUI64 ? 'fffffffffffffffd' : FOREIGN_EUI64,
  })),
  remade('wrong-hardware', 'meant for hardware version 0xfffe alone', 'refuse', NOT_STARTED, () => ({
    minimumHardwareVersion: 0xfffe,
    maximumHardwareVersion: 0xfffe,
  })),
  remade(
    'wrong-stack',
    'made for Zigbee IP',
    'declared',
    'refuses a stack that it does not have, or does not look',
    () => ({
      stackVersion: 3,
    }),
  ),
  remade(
    'wrong-credentials',
    'security credentials of a reserved version',
    'declared',
    'refuses, or does not look',
    () => ({
      securityCredentialVersion: 0x7f,
    }),
  ),
  remade(
    'oversized',
    'an upgrade image that no storage holds',
    'refuse',
    `INSUFFICIENT_SPACE, or: ${NOT_STARTED}`,
    (order, size) => ({
      elements: order.elements.map((one) =>
        one.tag === elementTag.UPGRADE_IMAGE
          ? { ...one, data: Buffer.concat([one.data, dummyData(size)]).subarray(0, size) }
          : one,
      ),
    }),
  ),
  remade('no-image', 'no upgrade image in it', 'refuse', INVALID, ({ elements }) => ({
    elements: elements.filter(({ tag }) => tag !== elementTag.UPGRADE_IMAGE),
  })),
  remade('empty-image', 'an upgrade image of no octets', 'refuse', INVALID, ({ elements }) => ({
    elements: elements.map((one) => (one.tag === elementTag.UPGRADE_IMAGE ? { ...one, data: Buffer.alloc(0) } : one)),
  })),
  remade('unknown-element', 'an element with a reserved tag before the others', 'accept', AS_SOUND, ({ elements }) => ({
    elements: [{ tag: 0x0007, data: dummyData(8) }, ...elements],
  })),
  patch(
    'trailing',
    '16 octets after the total size',
    'declared',
    `${AS_SOUND} where the total size is offered; may refuse where more is`,
    (image) => Buffer.concat([image, Buffer.alloc(16, 0xff)]),
  ),
];

/** Spoils a file. */
export function breakImage(file: ImageFile, kind: BreakKind, size: number = OVERSIZE_OCTETS): Buffer {
  if (file.bare !== undefined) throw lacking('element');
  return kind.apply(file, size);
}

/** A kind that changes octets, whatever they mean. */
function patch(
  name: string,
  what: string,
  client: ClientMust,
  must: string,
  change: (image: Buffer, file: ImageFile) => Buffer,
): BreakKind {
  return { name, what, client, must, apply: (file) => change(Buffer.from(file.image), file) };
}

/** A kind that makes the file anew from other values. */
function remade(
  name: string,
  what: string,
  client: ClientMust,
  must: string,
  change: (order: ImageOrder, size: number) => Partial<ImageOrder>,
): BreakKind {
  return {
    name,
    what,
    client,
    must,
    apply(file, size) {
      const order = orderOf(file);
      return makeImage({ ...order, ...change(order, size) });
    },
  };
}

/** Certificate and signature of one suite, right in length and wrong in content, in the place of any that were there. */
function signature(name: string, suite: number, certificate: number, tag: number): BreakKind {
  const junk = (of: number) => ({ tag: of, data: dummyData(ELEMENT_OCTETS.get(of) ?? 0) });
  const what = `a signature of suite ${suite} that nobody made`;
  return remade(name, what, 'declared', CHECKED, ({ elements }) => ({
    elements: [...elements.filter((one) => one.tag !== certificate && one.tag !== tag), junk(certificate), junk(tag)],
  }));
}

/** What the same file is made from; an integrity code that is right is made anew. */
export function orderOf({ header, elements, integrity }: ImageFile): ImageOrder {
  const { identifier: _i, headerVersion: _v, headerLength: _l, fieldControl: _f, totalImageSize: _t, ...said } = header;
  const coverage = integrity === 'neither' ? undefined : integrity;
  return {
    ...said,
    elements: elements.filter(({ tag }) => coverage === undefined || tag !== elementTag.INTEGRITY_CODE),
    ...(coverage !== undefined && { integrity: coverage }),
  };
}

/** The first element with this tag that has data. */
function elementOf(file: ImageFile, tag: number): ImageElement {
  const found = file.elements.find((one) => one.tag === tag && one.data.length > 0);
  if (found === undefined) throw lacking(`element ${tagName(tag)} with data`);
  return found;
}

/** Octet of the image at which the data of the element at `at` starts. */
function dataAt({ elements }: ImageFile, at: number): number {
  const uncounted = elements.find((one) => one.at === at)?.uncounted?.length ?? 0;
  return at + ELEMENT_HEADER_OCTETS + uncounted;
}

/** Changes one bit in place. */
function flip(image: Buffer, at: number): Buffer {
  image[at] = (image[at] ?? 0) ^ 1;
  return image;
}

/** Writes a number of the header or of an element in place. */
function put(image: Buffer, at: number, value: number, octets: number): Buffer {
  image.writeUIntLE(value, at, octets);
  return image;
}

/** Not every file has what a kind spoils; that is the user's to mend. */
function lacking(what: string): InputError {
  return new InputError('ota-break', `the file has no ${what} to spoil`);
}
