import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { BenchError, messageOf } from '../../core/errors.ts';

const key = z.string().regex(/^[0-9a-f]{32}$/);
const schema = z.strictObject({
  version: z.literal(1),
  netKey: key,
  appKey: key,
  /** Unicast address for the next device that is provisioned: a new one each time, because sequence numbers begin anew. */
  nextAddress: z.int().min(1).max(0x7fff),
  node: z
    .strictObject({ uuid: z.string(), address: z.int().min(1).max(0x7fff), deviceKey: key, elements: z.int().min(1) })
    .optional(),
});

/** The network of the bench and the node in it, as kept from run to run. */
export type NetworkRecord = z.infer<typeof schema>;
/** The device under test as a node. */
export type NodeRecord = NonNullable<NetworkRecord['node']>;

/** Group of the bench, which the proxy lets pass. */
export const BENCH_GROUP = 0xc000;
/** Addresses of the tester end below this one. */
export const FIRST_NODE = 0x0100;

/** A network that no device belongs to yet. */
export function newNetwork(): NetworkRecord {
  const random = (): string => randomBytes(16).toString('hex');
  return { version: 1, netKey: random(), appKey: random(), nextAddress: FIRST_NODE };
}

/** Reads the record; undefined where there is none. Throws a BenchError that names the file where it is damaged. */
export function readNetwork(file: string): NetworkRecord | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (e) {
    const message = `the record of the mesh network is damaged (delete it, and reset the device): ${messageOf(e)}`;
    throw new BenchError('mesh-network', message, { place: { file }, cause: e });
  }
}

/** Replaces the record as a whole or not at all. Throws a BenchError. */
export function writeNetwork(file: string, record: NetworkRecord): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.new`, `${JSON.stringify(record)}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  } catch (e) {
    const message = `the record of the mesh network cannot be written: ${messageOf(e)}`;
    throw new BenchError('mesh-network', message, { place: { file }, cause: e });
  }
}
