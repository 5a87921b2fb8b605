import { createHash } from 'node:crypto';
import { InputError } from '../../../core/errors.ts';
import { elementTag } from '../../../zigbee/file/header.ts';
import { type ImageElement, type ImageFile, readImage } from '../../../zigbee/file/read.ts';
import type { Behaviour } from '../behaviour.ts';
import { listed, type Options } from '../options.ts';
import type { OfferedFile } from './state.ts';

/** Octets of a signature element that name the signer. */
const SIGNER = 8;
/** Tag of the element that the vendor's own check needs. */
const VENDOR_TAG = 0xf000;
/** First octets of a patch. */
const DELTA_MAGIC = Buffer.from('10decdfc', 'hex');
const DIGEST = 32;

/** The device that a file is for. */
export interface Target {
  readonly options: Options;
  readonly behaviour: Behaviour;
  readonly ieee: string;
  /** Version that runs. */
  readonly version: number;
}

/** Header string by which a file says that another one belongs to it. */
const FIRST_OF_TWO = 'first of two';
/** Where the header string stands. */
const HEADER_STRING = { from: 20, to: 52 } as const;

/** Whether the upgrade takes a second file, of the next image type: the first one says so in its header string. */
export function needsSecondFile(content: Buffer): boolean {
  return content.toString('latin1', HEADER_STRING.from, HEADER_STRING.to).startsWith(FIRST_OF_TWO);
}

/** Why a downloaded file must not run; undefined where it may. */
export function inspectFile(content: Buffer, offered: OfferedFile, target: Target): string | undefined {
  const { options, behaviour } = target;
  if (behaviour.skipsInspection === true) return undefined;
  let file: ImageFile;
  try {
    file = readImage(content, 'slot');
  } catch (e) {
    if (!(e instanceof InputError)) throw e;
    return behaviour.takesBrokenFile === true ? undefined : e.message;
  }
  const checks = [headerProblem(file, offered, target), elementProblem(file, options, behaviour)];
  if (options.delta === 'yes') checks.push(deltaProblem(file, target));
  return checks.find((problem) => problem !== undefined);
}

function headerProblem({ header, image }: ImageFile, offered: OfferedFile, target: Target): string | undefined {
  const { options, behaviour, ieee } = target;
  if (header.headerVersion !== 0x0100 && behaviour.takesBrokenFile !== true) return 'unknown header version';
  const same =
    header.manufacturerCode === offered.manufacturerCode &&
    header.imageType === offered.imageType &&
    header.fileVersion === offered.fileVersion;
  if (!same && behaviour.ignoresHeaderIdentity !== true) return 'the header names another file';
  if (image.length !== offered.imageSize && behaviour.ignoresTotalSize !== true) return 'another size than offered';
  const { upgradeFileDestination, minimumHardwareVersion, maximumHardwareVersion } = header;
  if (upgradeFileDestination !== undefined && upgradeFileDestination !== ieee) return 'for another device';
  if (minimumHardwareVersion === undefined || maximumHardwareVersion === undefined || options.hardware === 'none')
    return undefined;
  const hardware = Number.parseInt(options.hardware, 16);
  const fits = minimumHardwareVersion <= hardware && hardware <= maximumHardwareVersion;
  return fits || behaviour.ignoresHardwareRange === true ? undefined : 'for other hardware';
}

function elementProblem(
  { image, elements, integrity }: ImageFile,
  options: Options,
  behaviour: Behaviour,
): string | undefined {
  const checks = listed(options.verify);
  if (!elements.some(({ tag }) => tag === elementTag.UPGRADE_IMAGE)) return 'no upgrade image';
  if (checks.includes('int') && integrity !== undefined && behaviour.ignoresIntegrity !== true) {
    if (integrity === 'neither') return 'wrong integrity code';
    if (options.coverage !== 'either' && options.coverage !== integrity) return 'integrity code of another coverage';
  }
  const signed = (tag: number, check: string): string | undefined => {
    if (!checks.includes(check) || behaviour.ignoresSignature === true) return undefined;
    const element = elements.find((e) => e.tag === tag);
    if (element === undefined) return 'no signature';
    return signature(image, element).equals(element.data.subarray(SIGNER)) ? undefined : 'wrong signature';
  };
  const problem = signed(elementTag.ECDSA_SIGNATURE_1, 'sig1') ?? signed(elementTag.ECDSA_SIGNATURE_2, 'sig2');
  if (problem !== undefined || !checks.includes('vendor') || behaviour.ignoresSignature === true) return problem;
  const own = elements.find(({ tag }) => tag === VENDOR_TAG)?.data;
  const code = elements.find(({ tag }) => tag === elementTag.UPGRADE_IMAGE)?.data ?? Buffer.alloc(0);
  return own?.equals(sha256(code)) === true ? undefined : "wrong vendor's check";
}

/** Stands in for a signature: real ones need a vendor's key. Octets before the element, hashed, as often as it takes to fill the place. */
function signature(image: Buffer, { at, data }: ImageElement): Buffer {
  const hash = createHash('sha512').update(image.subarray(0, at)).digest();
  return Buffer.concat([hash, hash]).subarray(0, data.length - SIGNER);
}

/** A patch says which version it was made for. */
function deltaProblem({ elements }: ImageFile, { version, behaviour }: Target): string | undefined {
  const patch = elements.find(({ tag }) => tag === elementTag.UPGRADE_IMAGE)?.data ?? Buffer.alloc(0);
  if (!patch.subarray(0, DELTA_MAGIC.length).equals(DELTA_MAGIC) || behaviour.refusesDelta === true) return 'no patch';
  const base = Buffer.alloc(4);
  base.writeUInt32LE(version);
  const found = patch.subarray(DELTA_MAGIC.length, DELTA_MAGIC.length + DIGEST);
  return found.equals(sha256(base)) || behaviour.ignoresDeltaBase === true ? undefined : 'a patch of another version';
}

function sha256(data: Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}
