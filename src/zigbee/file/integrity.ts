import { ELEMENT_HEADER_OCTETS } from './header.ts';
import { aesMmo } from './mmo.ts';

/** Which octets the integrity code covers: those before its element, or with tag and length of its element (policy ZB-P8). */
export const COVERAGES = ['before', 'withHeader'] as const;
/** One of `COVERAGES`. */
export type Coverage = (typeof COVERAGES)[number];

/** The integrity code of a file whose code stands in the element that starts at octet `elementAt`. */
export function integrityCode(image: Uint8Array, elementAt: number, coverage: Coverage): Buffer {
  return aesMmo(image.subarray(0, coverage === 'before' ? elementAt : elementAt + ELEMENT_HEADER_OCTETS));
}

/** The coverage with which this code is right; undefined where it is wrong either way. */
export function coverageOf(image: Uint8Array, elementAt: number, found: Uint8Array): Coverage | undefined {
  return COVERAGES.find((coverage) => integrityCode(image, elementAt, coverage).equals(found));
}
