import { installCodeProblem } from '../../zigbee/codec/installCode.ts';
import { aesMmo } from '../../zigbee/file/mmo.ts';

/** The link key that everybody knows: 16 letters. */
export const WELL_KNOWN_KEY = Buffer.from('ZigBeeAlliance09').toString('hex');
/** Forms in which the host of a dongle gives an install code: with its CRC, or the key that is made of it. */
const FORM = { WITH_CRC: 1, KEY: 2 } as const;
const KEY_OCTETS = 16;

/** The link key, hex, that an install code with its CRC stands for. */
export function linkKeyOf(installCode: Buffer): string {
  return aesMmo(installCode).toString('hex');
}

/** The link keys of a trust centre: the one that everybody knows, unless a node has an install code. */
export class LinkKeys {
  readonly #keys = new Map<string, string>();

  /** Takes an install code in one of its forms; false where it is none. */
  add(form: number, ieee: string, code: Buffer): boolean {
    if (form === FORM.WITH_CRC && installCodeProblem(code) === undefined) this.#keys.set(ieee, linkKeyOf(code));
    else if (form === FORM.KEY && code.length === KEY_OCTETS) this.#keys.set(ieee, code.toString('hex'));
    else return false;
    return true;
  }

  of(ieee: string): string {
    return this.#keys.get(ieee) ?? WELL_KNOWN_KEY;
  }
}
