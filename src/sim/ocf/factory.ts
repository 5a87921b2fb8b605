import { octets, seeded } from '../../core/random.ts';
import { FACTORY } from './machine.ts';
import type { Options } from './options.ts';
import type { Saved } from './store.ts';

const MANUFACTURED = '2020-01-01T00:00:00Z';
const EPOCH = '1970-01-01T00:00:00Z';

/** A device as it leaves the factory; its identity is drawn from the seed. */
export function factory(options: Options, seed: number): Saved {
  const random = seeded(seed);
  return {
    deviceId: uuid(octets(random, 16)),
    platformId: uuid(octets(random, 16)),
    version: options.version,
    purl: '',
    action: 'idle',
    updatetime: EPOCH,
    machine: FACTORY,
    nv: '',
    lastupdate: MANUFACTURED,
    updated: false,
    observed: false,
    written: {},
    n: 'lamp',
    id: 'lamp',
  };
}

/** A random UUID (version 4) from 16 octets. */
function uuid(random: Buffer): string {
  random.writeUInt8(((random[6] ?? 0) & 0x0f) | 0x40, 6);
  random.writeUInt8(((random[8] ?? 0) & 0x3f) | 0x80, 8);
  return random.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
