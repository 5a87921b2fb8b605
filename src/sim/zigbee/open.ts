import { benchClock } from '../../core/clock.ts';
import { InputError } from '../../core/errors.ts';
import type { DeviceStart, SimulatedDevice } from '../process.ts';
import { folderStore } from '../store.ts';
import type { Behaviour } from './behaviour.ts';
import { networkOf, type Saved, ZigbeeDevice } from './device.ts';
import { installCodeOctets, installCodeProblem } from '../../zigbee/codec/installCode.ts';
import { listed, type Options } from './options.ts';
import { loadImages } from './server/images.ts';
import { folderSlot } from './slot.ts';
import { clientVerbs, commonVerbs, serverVerbs } from './verbs.ts';
import { OTA_ENDPOINT } from './zcl.ts';
import { openDonglePort } from './znp/port.ts';

/** What the dongle and the node behind it are started with. */
export interface ZigbeeStart extends DeviceStart {
  readonly options: Options;
  readonly behaviour: Behaviour;
}

/** Options that are hex numbers, and how long they may be. */
const HEX_OPTIONS = [
  ['manufacturer', 4],
  ['imageType', 4],
  ['version', 8],
  ['hardware', 4],
] as const;

/** Opens the dongle on its port, with the node behind it. Throws InputError or BenchError where an option, the state or the port cannot be used. */
export async function openZigbeeDevice({ options, behaviour, ...start }: ZigbeeStart): Promise<SimulatedDevice> {
  const { seed, linkSeed, factors, epochMs, state, impair } = start;
  if (options.network !== '' && networkOf(options.network) === undefined)
    throw wrong(
      'network',
      'expected PAN/EXTENDED-PAN/KEY/CHANNEL, as 1a62/00124b0000000001/000102030405060708090a0b0c0d0e0f/15',
    );
  if (!/^\d{1,6}$/.test(options.delay))
    throw wrong('delay', `expected seconds, found ${JSON.stringify(options.delay)}`);
  if (!/^\d{1,5}$/.test(options.port)) throw wrong('port', `expected a port, found ${JSON.stringify(options.port)}`);
  for (const [name, digits] of HEX_OPTIONS)
    if (options[name] !== 'none' && !new RegExp(`^[0-9a-f]{1,${digits}}$`, 'i').test(options[name]))
      throw wrong(name, `expected up to ${digits} hex digits, found ${JSON.stringify(options[name])}`);
  const code = options.installCode === 'none' ? undefined : installCodeOctets(options.installCode);
  const problem =
    options.installCode === 'none' ? undefined : code === undefined ? 'expected hex digits' : installCodeProblem(code);
  if (problem !== undefined) throw wrong('installCode', problem);
  const port = await openDonglePort(Number(options.port));
  const device = new ZigbeeDevice({
    options,
    behaviour,
    seed,
    clock: benchClock(epochMs, factors.protocol),
    store: folderStore<Saved>(state),
    slot: folderSlot(state),
    images: loadImages(listed(options.images)),
    toHost: (octets) => port.write(octets),
    ...(impair === undefined ? {} : { impairments: { seed: linkSeed, in: impair, out: impair } }),
  });
  port.serve((frame) => device.command(frame));
  return {
    ready: {
      iut: `zigbee:zstack:${port.url}`,
      dongle: port.url,
      ieee: device.node.ieee,
      endpoint: String(OTA_ENDPOINT),
    },
    verbs: { ...commonVerbs(device), ...(options.role === 'client' ? clientVerbs(device) : serverVerbs(device)) },
  };
}

function wrong(option: string, why: string): InputError {
  return new InputError('sim-option', why, { place: { where: `--option ${option}` } });
}
