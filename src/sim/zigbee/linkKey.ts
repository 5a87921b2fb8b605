import { aesMmo } from '../../zigbee/file/mmo.ts';

/** The link key that everybody knows: 16 letters. */
export const WELL_KNOWN_KEY = Buffer.from('ZigBeeAlliance09').toString('hex');

/** The link key, hex, that an install code with its CRC stands for. */
export function linkKeyOf(installCode: Buffer): string {
  return aesMmo(installCode).toString('hex');
}
