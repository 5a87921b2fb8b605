import { BenchError } from '../../core/errors.ts';
import type { Bench } from '../../core/standard.ts';
import { chosenValue, HELPERS, type HelperName } from './oob.ts';
import type { ProvisioningAuth } from '../provision/provisioner.ts';

/** A node that was provisioned by other means: its keys and address as the rig file gives them. */
export interface KnownNode {
  readonly netKey: string;
  readonly appKey: string;
  readonly deviceKey: string;
  readonly address: number;
  readonly ivIndex: number;
}

/** The mesh part of a rig file, read. */
export interface MeshEntries {
  /** `ble:h4:tcp://host:port` and the like. */
  readonly ble: string;
  /** Device UUID, hex; told apart from other unprovisioned devices by it. */
  readonly uuid: string | undefined;
  /** Bluetooth address, lower-case with colons, where the device has a fixed one. */
  readonly address: string | undefined;
  readonly known: KnownNode | undefined;
  readonly auth: ProvisioningAuth;
  /** Who reads or enters the value of output and input OOB. */
  readonly helper: HelperName | undefined;
  /** Milliseconds until the device acknowledges segments, where it is slower than the default SAR states. */
  readonly segmentAckMs: number | undefined;
}

const HEX16 = /^[0-9a-f]{32}$/i;

/** Reads the entries under `iut.DFUM`. Throws a BenchError that names the entry. */
export function rigEntries(bench: Pick<Bench, 'address' | 'has'>): MeshEntries {
  const text = (name: string): string | undefined => (bench.has(name) ? bench.address(name).trim() : undefined);
  const bad = (name: string, expected: string): BenchError =>
    new BenchError('rig-entry', `expected ${expected}`, { place: { where: `iut.DFUM.${name}` } });
  const hex = (name: string): string | undefined => {
    const value = text(name)?.replaceAll('-', '').toLowerCase();
    if (value !== undefined && !HEX16.test(value)) throw bad(name, '16 octets in hex');
    return value;
  };
  const number = (name: string): number | undefined => {
    const value = text(name);
    if (value === undefined) return undefined;
    const read = Number(value);
    if (value === '' || !Number.isFinite(read) || read < 0) throw bad(name, 'a number');
    return read;
  };
  const needed = <V>(name: string, value: V | undefined): V => {
    if (value === undefined) throw bad(name, 'an entry: a node that is provisioned already is reached by all its keys');
    return value;
  };
  const deviceKey = hex('deviceKey');
  const known: KnownNode | undefined =
    deviceKey === undefined
      ? undefined
      : {
          deviceKey,
          netKey: needed('netKey', hex('netKey')),
          appKey: needed('appKey', hex('appKey')),
          address: needed('node', number('node')),
          ivIndex: number('ivIndex') ?? 0,
        };
  const helperOf = (name: string): HelperName | undefined => {
    const value = text(name);
    const found = HELPERS.find((helper) => helper === value);
    if (value !== undefined && found === undefined) throw bad(name, HELPERS.join(' or '));
    return found;
  };
  const value = hex('staticOob');
  const [output, input] = [helperOf('outputOob'), helperOf('inputOob')];
  if ([value, output, input].filter((way) => way !== undefined).length > 1)
    throw bad('staticOob', 'one of staticOob, outputOob and inputOob');
  const auth = (): ProvisioningAuth => {
    if (output !== undefined) return { kind: 'output' };
    if (input !== undefined) return { kind: 'input', value: chosenValue };
    return value === undefined ? { kind: 'none' } : { kind: 'static', value: Buffer.from(value, 'hex') };
  };
  const uuid = hex('uuid');
  if (uuid === undefined && known === undefined)
    throw bad('uuid', 'the UUID of the device, or the keys of a node that is provisioned already');
  return {
    ble: bench.address('ble'),
    uuid,
    address: text('address')?.toLowerCase(),
    known,
    auth: auth(),
    helper: output ?? input,
    segmentAckMs: number('segmentAckMs'),
  };
}
