import { readFileSync } from 'node:fs';
import { BenchError, messageOf, TesterError } from '../core/errors.ts';
import type { Ixit } from '../core/ixit.ts';
import { BREAK_KINDS, breakImage } from './file/break.ts';
import { type ImageFile, readImage } from './file/read.ts';

/** OTA files that a declaration can name. */
export type ImageName =
  | 'imageNewer'
  | 'imageOlder'
  | 'imageSame'
  | 'imageFirst'
  | 'imageSecond'
  | 'imageDelta'
  | 'imageDeltaForeign'
  | 'serverImage'
  | 'serverImageSecond'
  | 'serverImageRanged'
  | 'serverImageSpecific';

/** A file as a server offers it. */
export interface Offered {
  readonly octets: Buffer;
  readonly manufacturerCode: number;
  readonly imageType: number;
  readonly fileVersion: number;
  /** Size that the query response tells; that of the file unless a case lies about it. */
  readonly imageSize: number;
}

/** The files of the declaration, and what can be made of them. */
export interface Images {
  /** The file as it is. Rejects what is no OTA file with a BenchError. */
  image(name: ImageName): Offered;
  /** The file, spoilt by one of the kinds of `plumbline image break`; identity and size are those of the sound one. */
  spoilt(name: ImageName, kind: string): Offered;
}

function offeredOf({ image, header }: ImageFile): Offered {
  const { manufacturerCode, imageType, fileVersion } = header;
  return { octets: image, manufacturerCode, imageType, fileVersion, imageSize: image.length };
}

export function imagesOf(ixit: Ixit): Images {
  const read = (name: ImageName): ImageFile => {
    const file = ixit.text(name).replace(/^file:/, '');
    try {
      return readImage(readFileSync(file), file);
    } catch (e) {
      throw new BenchError('ota-file', `the file of IXIT ${name} cannot be used: ${messageOf(e)}`, {
        place: { file },
        cause: e,
      });
    }
  };
  return {
    image: (name) => offeredOf(read(name)),
    spoilt(name, kind) {
      const found = BREAK_KINDS.find((k) => k.name === kind);
      if (found === undefined) throw new TesterError('ota-break', `no way to spoil a file is called ${kind}`);
      const sound = read(name);
      const octets = breakImage(sound, found);
      return { ...offeredOf(sound), octets, imageSize: octets.length };
    },
  };
}
