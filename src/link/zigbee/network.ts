import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError, messageOf } from '../../core/errors.ts';

/** The network of a bench. */
export interface NetworkSettings {
  readonly panId: number;
  /** 8 octets, 16 hex digits as they are read. */
  readonly extendedPanId: string;
  /** 11 to 26. */
  readonly channel: number;
  /** Network key, 32 hex digits. */
  readonly key: string;
}

/** Where the network of a rig is kept, in its state folder. */
const FILE = 'network.json';
/** Backup of the dongle's memory, beside it. */
export const BACKUP_FILE = 'coordinator-backup.json';
/** A channel that few Wi-Fi networks cover. */
const PRESET_CHANNEL = 15;

/** Reads `1a62/dddddddd00000001/KEY/15`: PAN, extended PAN and key in hex, channel in decimal. Throws InputError; never shows the key. */
export function parseNetwork(text: string): NetworkSettings {
  const [, pan = '', extendedPanId = '', key = '', channel = ''] =
    /^([0-9a-f]{1,4})\/([0-9a-f]{16})\/([0-9a-f]{32})\/(\d{2})$/i.exec(text) ?? [];
  const settings = {
    panId: Number.parseInt(pan, 16),
    extendedPanId: extendedPanId.toLowerCase(),
    channel: Number(channel),
    key: key.toLowerCase(),
  };
  const known = settings.panId > 0 && settings.panId < 0xffff && settings.channel >= 11 && settings.channel <= 26;
  if (!known)
    throw new InputError(
      'zigbee-network',
      'expected PAN/EXTENDED-PAN/KEY/CHANNEL: 4, 16 and 32 hex digits and a channel from 11 to 26',
      { place: { where: 'network' } },
    );
  return settings;
}

/** The network that the rig file gives, else the one that this rig had before, else a new one, which is kept. */
export function networkOf(stateDir: string, given: string | undefined): NetworkSettings {
  if (given !== undefined) return parseNetwork(given);
  const file = join(stateDir, FILE);
  if (existsSync(file)) {
    try {
      const { network } = JSON.parse(readFileSync(file, 'utf8')) as { network: string };
      return parseNetwork(network);
    } catch (e) {
      throw new InputError('zigbee-network', `the network of the rig cannot be read: ${messageOf(e)}`, {
        place: { file },
        cause: e,
      });
    }
  }
  const pan = (1 + (randomBytes(2).readUInt16LE() % 0xfff0)).toString(16);
  const network = [pan, randomBytes(8).toString('hex'), randomBytes(16).toString('hex'), PRESET_CHANNEL].join('/');
  writeFileSync(file, JSON.stringify({ network }), { mode: 0o600 });
  return parseNetwork(network);
}
