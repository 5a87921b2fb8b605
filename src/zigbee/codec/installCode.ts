/** Octets of an install code, its CRC of two octets included. */
const LENGTHS: readonly number[] = [8, 10, 14, 18];
const CRC_OCTETS = 2;
const POLYNOMIAL = 0x8408;

/** CRC-16/X-25, low bit first. */
function crcOf(octets: Uint8Array): number {
  let crc = 0xffff;
  for (const octet of octets) {
    crc ^= octet;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >> 1) ^ POLYNOMIAL : crc >> 1;
  }
  return crc ^ 0xffff;
}

/** Why these octets are no install code with its CRC behind it (low octet first); undefined where they are one. */
export function installCodeProblem(octets: Buffer): string | undefined {
  if (!LENGTHS.includes(octets.length))
    return `expected 6, 8, 12 or 16 octets and a CRC of 2, found ${octets.length} in all`;
  const body = octets.subarray(0, -CRC_OCTETS);
  return octets.readUInt16LE(body.length) === crcOf(body) ? undefined : 'its CRC does not fit';
}

/** The octets of a code written in hex, with spaces or dashes where one likes; undefined where there is anything else. */
export function installCodeOctets(text: string): Buffer | undefined {
  const digits = text.replace(/[\s-]/g, '');
  return /^([0-9a-f]{2})+$/i.test(digits) ? Buffer.from(digits, 'hex') : undefined;
}
