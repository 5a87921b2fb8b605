import { readFileSync } from 'node:fs';
import { InputError, messageOf } from '../../../core/errors.ts';
import type { ImageHeader } from '../../../zigbee/file/header.ts';
import { readImage } from '../../../zigbee/file/read.ts';
import type { Options } from '../options.ts';
import type { ServerBehaviour } from './behaviour.ts';

/** A file that the server has. */
export interface StoredImage {
  readonly header: ImageHeader;
  readonly octets: Buffer;
}

/** Reads files from disk. Throws an InputError that names the file. */
export function loadImages(files: readonly string[]): StoredImage[] {
  return files.map((file) => {
    let content: Buffer;
    try {
      content = readFileSync(file);
    } catch (e) {
      throw new InputError('sim-image', `cannot be read: ${messageOf(e)}`, { place: { file }, cause: e });
    }
    const { header, image } = readImage(content, file);
    return { header, octets: image };
  });
}

/** What a client asks for. */
export interface Wanted {
  readonly manufacturerCode: number;
  readonly imageType: number;
  readonly fileVersion: number;
  readonly hardwareVersion?: number;
}

/** The file for a client: its own kind, for its hardware, the highest version that the rules allow (11.13.5). */
export function chooseImage(
  images: readonly StoredImage[],
  wanted: Wanted,
  options: Options,
  behaviour: ServerBehaviour,
): StoredImage | undefined {
  if (behaviour.offersNothing === true) return undefined;
  const fitting = images
    .filter(
      ({ header }) => header.manufacturerCode === wanted.manufacturerCode || behaviour.offersForeignMaker === true,
    )
    .filter(({ header }) => header.imageType === wanted.imageType || behaviour.offersForeignType === true)
    .filter(({ header }) => header.upgradeFileDestination === undefined)
    .filter(({ header }) => fitsHardware(header, wanted.hardwareVersion, options, behaviour))
    .filter(({ header }) => fitsVersion(header.fileVersion, wanted.fileVersion, options, behaviour));
  if (behaviour.offersFirstImage === true) return images[0];
  return fitting.toSorted((a, b) => b.header.fileVersion - a.header.fileVersion)[0];
}

/** A range counts only where both sides state something. */
function fitsHardware(
  { minimumHardwareVersion: least, maximumHardwareVersion: most }: ImageHeader,
  hardware: number | undefined,
  { hwrange }: Options,
  { ignoresHardware, demandsHardware }: ServerBehaviour,
): boolean {
  if (least === undefined || most === undefined || hwrange === 'no' || ignoresHardware === true) return true;
  if (hardware === undefined) return demandsHardware !== true;
  return least <= hardware && hardware <= most;
}

function fitsVersion(stored: number, running: number, options: Options, behaviour: ServerBehaviour): boolean {
  if (stored === running) return options.same === 'yes' || behaviour.offersSameVersion === true;
  return stored > running || options.down === 'yes' || behaviour.offersLowerVersion === true;
}

/** The file of exactly this identity. */
export function imageOf(images: readonly StoredImage[], { manufacturerCode, imageType, fileVersion }: Wanted) {
  return images.find(
    ({ header }) =>
      header.manufacturerCode === manufacturerCode &&
      header.imageType === imageType &&
      header.fileVersion === fileVersion,
  );
}
