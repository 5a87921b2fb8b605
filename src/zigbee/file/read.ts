import { InputError } from '../../core/errors.ts';
import { FrameError, Reader } from '../../core/layout/cursor.ts';
import { readLayout } from '../../core/layout/layout.ts';
import { hexNumber, nameOf } from '../../core/layout/names.ts';
import {
  ELEMENT_HEADER_OCTETS,
  ELEMENT_OCTETS,
  elementLayout,
  elementTag,
  FIRST_MANUFACTURER_TAG,
  HEADER_VERSION,
  headerLayout,
  type ImageHeader,
} from './header.ts';
import { type Coverage, coverageOf } from './integrity.ts';
import { unwrap } from './wrapper.ts';

/** Something odd about a file that does not make it unusable. */
export interface Finding {
  /** Octet of the file. */
  readonly at: number;
  readonly text: string;
}

/** One element of a file. */
export interface ImageElement {
  readonly tag: number;
  /** Octet of the image at which the element, its tag first, starts. */
  readonly at: number;
  readonly data: Buffer;
  /** Octets between length and data that the length does not count (a habit of Telink's tools, tag 0xF000). */
  readonly uncounted?: Buffer;
}

/** A file, taken apart. */
export interface ImageFile {
  /** Name of the wrapper, `none` for a plain file. */
  readonly wrapper: string;
  /** Octet of the file at which the image starts. */
  readonly start: number;
  /** The image alone, from its identifier to its total size. */
  readonly image: Buffer;
  readonly header: ImageHeader;
  readonly elements: readonly ImageElement[];
  /** What follows the header where a vendor's file has no elements there (Hue). */
  readonly bare?: Buffer;
  /** How the integrity code covers the file; `neither` where it is wrong either way, absent where there is none. */
  readonly integrity?: Coverage | 'neither';
  readonly findings: readonly Finding[];
}

const TELINK = { tag: 0xf000, octets: 2 } as const;
/** Hue files have their own content after the header; it always starts with these octets. */
const HUE = { manufacturer: 0x100b, start: Buffer.from('2a0001', 'hex') } as const;

/** Takes a file apart. Throws InputError, with the offset, for a file that cannot be used; `name` is that of the file. */
export function readImage(octets: Uint8Array, name: string): ImageFile {
  const file = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
  const place = unwrap(file);
  if (place === undefined)
    throw unusable(name, 0, `no OTA file: expected the identifier 1e f1 ee 0b, found ${show(file.subarray(0, 4))}`);
  const { wrapper, start, end } = place;
  const findings: Finding[] = [];
  const find = (at: number, text: string): void => void findings.push({ at: start + at, text });
  if (wrapper !== 'none') find(-start, `the image lies in a wrapper (${wrapper}), from octet ${start}`);
  const inside = file.subarray(start, end);
  const header = readHeader(inside, (at, text) => unusable(name, start + at, text), find);
  const image = inside.subarray(0, header.totalImageSize);
  if (image.length < header.totalImageSize)
    throw unusable(
      name,
      start + 52,
      `the header says ${header.totalImageSize} octets in all, there are ${image.length}`,
    );
  if (inside.length > image.length) find(image.length, `${inside.length - image.length} octets after the total size`);
  const common = { wrapper, start, image, header };
  const content = image.subarray(header.headerLength);
  if (header.manufacturerCode === HUE.manufacturer && content.subarray(0, 3).equals(HUE.start)) {
    find(header.headerLength, 'no elements: the content follows the header at once, as in Hue files');
    return { ...common, elements: [], bare: content, findings };
  }
  const elements = readElements(image, header.headerLength, (at, text) => unusable(name, start + at, text), find);
  const code = elements.find(({ tag }) => tag === elementTag.INTEGRITY_CODE);
  const integrity = code === undefined ? undefined : (coverageOf(image, code.at, code.data) ?? 'neither');
  if (integrity === 'neither') find(code?.at ?? 0, 'the integrity code is wrong, with either coverage');
  return { ...common, elements, ...(integrity !== undefined && { integrity }), findings };
}

/** Makes the error for a file that cannot be used, from an octet of the image. */
type Refuse = (at: number, text: string) => InputError;
/** Takes down something odd at an octet of the image. */
type Find = (at: number, text: string) => void;

/** The header. Its own length is authoritative for where the elements start, even beyond the fields known here. */
function readHeader(inside: Buffer, refuse: Refuse, find: Find): ImageHeader {
  const reader = new Reader(inside, 'little');
  let header: ImageHeader;
  try {
    header = readLayout(headerLayout, reader);
  } catch (e) {
    if (!(e instanceof FrameError)) throw e;
    throw refuse(e.at, `the header is cut off: ${e.message}`);
  }
  const {
    headerVersion,
    headerLength,
    totalImageSize,
    minimumHardwareVersion = 0,
    maximumHardwareVersion = 0,
  } = header;
  const [needed, control] = [reader.at, hexNumber(header.fieldControl, 4)];
  for (const report of reader.reports) find(0, report);
  if (headerVersion !== HEADER_VERSION)
    find(4, `header version ${hexNumber(headerVersion, 4)}, expected ${hexNumber(HEADER_VERSION, 4)}`);
  if (headerLength < needed)
    throw refuse(6, `header of ${headerLength} octets, field control ${control} needs ${needed}`);
  if (totalImageSize < headerLength)
    throw refuse(52, `total size of ${totalImageSize} octets, less than the header of ${headerLength}`);
  if (headerLength > needed)
    find(6, `header of ${headerLength} octets, field control ${control} needs ${needed}: the rest is skipped`);
  if (/[^ -~]/.test(header.headerString)) find(20, 'the header string is not printable ASCII filled up with NUL');
  if (minimumHardwareVersion > maximumHardwareVersion)
    find(needed - 4, 'the minimum hardware version is above the maximum');
  return header;
}

/** All elements up to the total size; what is left over and too short for another is a finding. */
function readElements(image: Buffer, from: number, refuse: Refuse, find: Find): ImageElement[] {
  const elements: ImageElement[] = [];
  let at = from;
  while (image.length - at >= ELEMENT_HEADER_OCTETS) {
    const { tag, length } = readLayout(elementLayout, new Reader(image.subarray(at), 'little'));
    const start = at + ELEMENT_HEADER_OCTETS;
    const left = image.length - start;
    const uncounted = tag === TELINK.tag && left === length + TELINK.octets ? TELINK.octets : 0;
    if (length > left)
      throw refuse(at, `element ${tagName(tag)} of ${length} octets, only ${left} are left up to the total size`);
    if (uncounted > 0)
      find(start, `${uncounted} octets that the length of the element does not count, as Telink's tools write them`);
    const data = image.subarray(start + uncounted, start + uncounted + length);
    elements.push({ tag, at, data, ...(uncounted > 0 && { uncounted: image.subarray(start, start + uncounted) }) });
    at = start + uncounted + length;
  }
  if (at < image.length) find(at, `${image.length - at} octets after the last element, too few for another`);
  checkElements(elements, from, find);
  return elements;
}

/** What is odd about elements that can be read. */
function checkElements(elements: readonly ImageElement[], from: number, find: Find): void {
  if (elements.length === 0) find(from, 'there is no element');
  for (const [i, { tag, at, data }] of elements.entries()) {
    const expected = ELEMENT_OCTETS.get(tag);
    if (expected !== undefined && data.length !== expected)
      find(at, `element ${tagName(tag)} of ${data.length} octets, expected ${expected}`);
    if (tag > elementTag.ECDSA_CERTIFICATE_2 && tag < FIRST_MANUFACTURER_TAG)
      find(at, `element with the reserved tag ${hexNumber(tag, 4)}`);
    if (tag === elementTag.INTEGRITY_CODE && i < elements.length - 1)
      find(at, 'the integrity code is not the last element');
  }
}

/** `UPGRADE_IMAGE (0x0000)`, `manufacturer's (0xf000)`, `reserved (0x0007)`. */
export function tagName(tag: number): string {
  return tag >= FIRST_MANUFACTURER_TAG ? `manufacturer's (${hexNumber(tag, 4)})` : nameOf(elementTag, tag, 4);
}

function unusable(file: string, at: number, message: string): InputError {
  return new InputError('ota-file', message, { place: { file, where: `octet ${at}` } });
}

/** Octets as one looks at them in a hex dump. */
function show(octets: Buffer): string {
  return octets.length === 0 ? 'nothing' : (octets.toString('hex').match(/../g) ?? []).join(' ');
}
