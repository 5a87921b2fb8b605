import { FILE_IDENTIFIER } from './header.ts';

/** Where an image lies in a file, and what is known of what is around it. */
export interface Wrapped {
  readonly wrapper: string;
  /** First octet of the image in the file. */
  readonly start: number;
  /** Octet after the last that may belong to the image. */
  readonly end: number;
}

/** One kind of wrapper. */
interface Wrapper {
  readonly name: string;
  /** Where the image lies, if this wrapper is around it. */
  find(file: Buffer): { readonly start: number; readonly end: number } | undefined;
}

/** How far into a file the identifier is looked for. */
const FARTHEST_START = 4096;
/** Octets that Legrand adds before and after. */
const LEGRAND = { before: 4, after: 17 } as const;
/** Octets that Third Reality adds before. */
const THIRD_REALITY_OCTETS = 152;

/** Wrappers that real files were seen in; the first that fits counts. */
export const WRAPPERS: readonly Wrapper[] = [
  { name: 'none', find: (file) => image(file, 0, file.length) },
  {
    // IKEA: offset and size of the image in the header of the container.
    name: 'NGIS',
    find(file) {
      if (file.length < 24 || file.toString('latin1', 0, 4) !== 'NGIS') return undefined;
      const start = file.readUInt32LE(16);
      return image(file, start, start + file.readUInt32LE(20));
    },
  },
  {
    // Legrand: the size of the image before it, and 17 octets after it.
    name: 'Legrand',
    find(file) {
      const end = file.length - LEGRAND.after;
      if (end <= LEGRAND.before || file.readUInt32LE(0) !== end - LEGRAND.before) return undefined;
      return image(file, LEGRAND.before, end);
    },
  },
  {
    // Third Reality: hashes of the image before it.
    name: 'Third Reality',
    find: (file) => image(file, THIRD_REALITY_OCTETS, file.length),
  },
  {
    name: 'unknown',
    find(file) {
      const wanted = Buffer.alloc(4);
      wanted.writeUInt32LE(FILE_IDENTIFIER);
      const start = file.subarray(0, FARTHEST_START).indexOf(wanted);
      return start < 0 ? undefined : { start, end: file.length };
    },
  },
];

/** Finds the image in a file; undefined where no file identifier is near its start. */
export function unwrap(file: Buffer): Wrapped | undefined {
  for (const one of WRAPPERS) {
    const found = one.find(file);
    if (found !== undefined) return { wrapper: one.name, ...found };
  }
  return undefined;
}

/** These bounds, if they lie in the file and the identifier stands at their start. */
function image(file: Buffer, start: number, end: number): { start: number; end: number } | undefined {
  const fits = start + 4 <= end && end <= file.length && file.readUInt32LE(start) === FILE_IDENTIFIER;
  return fits ? { start, end } : undefined;
}
