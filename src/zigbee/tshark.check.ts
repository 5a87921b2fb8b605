import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { u16, u8 } from '../core/layout/fields.ts';
import { encodeLayout } from '../core/layout/layout.ts';
import type { CommandType } from './codec/command.ts';
import { dataType } from './codec/dataTypes.ts';
import { type DecodedFrame, decodeFrame, encodeCommand, type FrameOptions, printFrame } from './codec/frame.ts';
import { globalCommands } from './codec/global.ts';
import { direction, frameType, OTA_CLUSTER, zclStatus } from './codec/numbers.ts';
import { otaCommands } from './codec/ota.ts';
import { type FrameVector, loadFrameVectors } from './codec/vectors.ts';

/**
 * Has tshark decode what the codec encodes: every vector, and every command with its numbers at both ends of their range,
 * as unencrypted Zigbee frames. Exit code 0 when no frame is malformed, every field has the value that was encoded, and tshark finds no
 * field that was not.
 */
const DEVICE = 0x1234;
const COORDINATOR = 0x0000;
const HOME_AUTOMATION = 0x0104;
/** IEEE 802.15.4 without the check sequence. */
const LINK_TYPE = 230;

/** A field of ours. */
interface Compared {
  /** tshark's names of it; several where it names a field by its command. */
  readonly columns: readonly string[];
  /** Octets of a number that may be anything; 0 where it decides which other fields there are. */
  readonly octets: number;
}

const OTA = 'zbee_zcl_general.ota.';
const ota = (octets: number, ...names: readonly string[]): Compared => ({
  octets,
  columns: names.map((name) => `${OTA}${name}`),
});
const global = (...columns: readonly string[]): Compared => ({ octets: 0, columns });
const controls = ['query_next_image_req', 'image_block_req', 'image_page_req'].map((name) => `${name}.field_ctrl`);

const FIELDS: Readonly<Record<string, Compared>> = {
  payloadType: ota(0, 'payload.type'),
  queryJitter: ota(1, 'query_jitter'),
  manufacturerCode: ota(2, 'manufacturer_code'),
  imageType: ota(2, 'image.type'),
  fileVersion: ota(4, 'file.version'),
  fieldControl: ota(0, ...controls),
  hardwareVersion: ota(2, 'hw_ver'),
  status: global(`${OTA}status`, 'zbee_zcl.attr.status'),
  imageSize: ota(4, 'image.size'),
  fileOffset: ota(4, 'file.offset'),
  maximumDataSize: ota(1, 'max_data_size'),
  minimumBlockPeriod: ota(2, 'min_block_period'),
  requestNodeIeeeAddress: ota(8, 'ieee_addr'),
  eui64: ota(8, 'ieee_addr'),
  pageSize: ota(2, 'page.size'),
  responseSpacing: ota(2, 'rsp_spacing'),
  currentTime: ota(4, 'current_time'),
  requestTime: ota(4, 'request_time'),
  upgradeTime: ota(4, 'upgrade_time'),
  zigbeeStackVersion: ota(2, 'zb_stack.ver'),
  data: ota(0, 'image.data'),
  command: global('zbee_zcl.cmd.id.rsp'),
  attribute: ota(0, 'attr_id'),
  type: global('zbee_zcl.attr.data.type'),
};

/** The header, and what tells that something is wrong. */
const HEADER = {
  malformed: '_ws.malformed',
  sequence: 'zbee_zcl.cmd.tsn',
  global: 'zbee_zcl.cmd.id',
  fromServer: `${OTA}cmd.srv_tx.id`,
  fromClient: `${OTA}cmd.srv_rx.id`,
  direction: 'zbee_zcl.dir',
  quiet: 'zbee_zcl.ddr',
} as const;

/** All columns, each once. */
const ASKED = [...new Set([...Object.values(HEADER), ...Object.values(FIELDS).flatMap(({ columns }) => columns)])];

/** One frame as tshark sees it: for each column the values found, in order. */
type Row = ReadonlyMap<string, readonly string[]>;

const MAC_HEADER = { control: u16, sequence: u8, pan: u16, to: u16, from: u16 } as const;
const NWK_HEADER = { control: u16, to: u16, from: u16, radius: u8, sequence: u8 } as const;
const APS_HEADER = { control: u8, toEndpoint: u8, cluster: u16, profile: u16, endpoint: u8, counter: u8 } as const;

/** A ZCL frame in an APS, a network and a MAC data frame, none of them encrypted. */
function radioFrame(zcl: Buffer, n: number): Buffer {
  const [from, to] = ((zcl[0] ?? 0) & 8) === 0 ? [DEVICE, COORDINATOR] : [COORDINATOR, DEVICE];
  const sequence = n & 0xff;
  const [cluster, profile] = [OTA_CLUSTER, HOME_AUTOMATION];
  return Buffer.concat([
    encodeLayout(MAC_HEADER, { control: 0x8841, sequence, pan: 0x1a62, to, from }, 'little'),
    encodeLayout(NWK_HEADER, { control: 0x0008, to, from, radius: 30, sequence }, 'little'),
    encodeLayout(APS_HEADER, { control: 0, toEndpoint: 1, cluster, profile, endpoint: 1, counter: sequence }, 'little'),
    zcl,
  ]);
}

/** A classic pcap file, one record for each frame. */
function capture(frames: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(0x10000, 16);
  header.writeUInt32LE(LINK_TYPE, 20);
  const packets = frames.map((zcl, n) => {
    const octets = radioFrame(zcl, n);
    const record = Buffer.alloc(16);
    record.writeUInt32LE(n, 0);
    record.writeUInt32LE(octets.length, 8);
    record.writeUInt32LE(octets.length, 12);
    return Buffer.concat([record, octets]);
  });
  return Buffer.concat([header, ...packets]);
}

/** What is sent: the values of all vectors, encoded, and the same with every number at the ends of its range. */
function frames(): Buffer[] {
  const all: readonly CommandType[] = [...otaCommands, ...globalCommands];
  return loadFrameVectors().frames.flatMap(({ of, value, header }) => {
    const type = all.find(({ name }) => name === of);
    if (type === undefined) throw new Error(`no command ${of}`);
    const from = header.from === 'server' ? direction.SERVER_TO_CLIENT : direction.CLIENT_TO_SERVER;
    const options = { sequence: header.sequence, direction: from, disableDefaultResponse: header.quiet };
    const given = encodeCommand(type, value, options);
    if (type.frameType === frameType.GLOBAL) return [given];
    return [given, ...[0x00, 0xff].map((octet) => extreme(type, value, octet)), ...dataSizes(type, value, options)];
  });
}

/** The same command with this octet throughout all fields that may be anything. */
function extreme(type: CommandType, value: FrameVector['value'], octet: number): Buffer {
  const values = Object.entries(value).map(([name, old]) => {
    const octets = FIELDS[name]?.octets ?? 0;
    if (octets === 0) return [name, old];
    const digits = octet.toString(16).padStart(2, '0').repeat(octets);
    return [name, typeof old === 'string' ? digits : Number(`0x${digits}`)];
  });
  return encodeCommand(type, Object.fromEntries(values), { sequence: octet, disableDefaultResponse: octet === 0 });
}

/** Blocks of the sizes that stacks use, and of the largest. */
function dataSizes(type: CommandType, value: FrameVector['value'], options: FrameOptions): Buffer[] {
  if (!('data' in value)) return [];
  return [1, 48, 63, 223, 255].map((size) =>
    encodeCommand(type, { ...value, data: Buffer.from(Array.from({ length: size }, (_, i) => i)) }, options),
  );
}

/** What tshark makes of the capture, a row for each frame. */
function dissect(path: string): Row[] {
  const args = ['-r', path, '-T', 'fields', '-E', 'separator=;', '-E', 'occurrence=a', '-E', 'aggregator=,'];
  for (const column of ASKED) args.push('-e', column);
  const out = execFileSync('tshark', args, { encoding: 'utf8', maxBuffer: 1 << 26, stdio: ['ignore', 'pipe', 'pipe'] });
  const rows = out.replace(/\n$/, '').split('\n');
  return rows.map((line) => {
    const cells = line.split(';');
    return new Map(ASKED.map((column, i) => [column, (cells[i] ?? '').split(',').filter((cell) => cell !== '')]));
  });
}

/** The values of a decoded frame by field name, those of lists in order; what tshark does not show is left out. */
function flatten(value: unknown, name: string, into: Map<string, (number | string)[]>): void {
  if (Buffer.isBuffer(value)) add(into, name, value.toString('hex'));
  else if (typeof value === 'number' || typeof value === 'string') add(into, name, value);
  else if (Array.isArray(value))
    for (const one of value) flatten(one, name === 'attributes' ? 'attribute' : name, into);
  else if (typeof value === 'object' && value !== null)
    for (const [key, inner] of Object.entries(value))
      if (key !== 'content') flatten(inner, key, into);
      // tshark shows a value that names an attribute as one more attribute.
      else if (Reflect.get(value, 'type') === dataType.ATTRIBUTE_ID) flatten(inner, 'attribute', into);
}

/** Appends to the values of a field. */
function add(into: Map<string, (number | string)[]>, name: string, value: number | string): void {
  into.set(name, [...(into.get(name) ?? []), value]);
}

/** Every disagreement between a frame of ours and tshark's reading of it. */
function compare(decoded: DecodedFrame & { kind: 'command' }, row: Row): string[] {
  const problems: string[] = [];
  const cells = (column: string): readonly string[] => row.get(column) ?? [];
  const expect = (what: string, ours: readonly (number | string)[], theirs: readonly string[]): void => {
    const same = ours.length === theirs.length && ours.every((one, i) => equal(one, theirs[i] ?? ''));
    if (!same) problems.push(`${what}: encoded ${ours.join(', ')}, tshark has ${theirs.join(', ') || 'nothing'}`);
  };
  const { header, type } = decoded;
  const commands = [HEADER.global, HEADER.fromServer, HEADER.fromClient].flatMap(cells);
  expect('command', [type.id], commands);
  expect('sequence', [header.sequence], cells(HEADER.sequence));
  expect('direction', [header.direction], cells(HEADER.direction));
  expect('disable default response', [header.disableDefaultResponse], cells(HEADER.quiet));
  if (cells(HEADER.malformed).length > 0) problems.push('malformed');
  const values = new Map<string, (number | string)[]>();
  flatten(decoded.value, '', values);
  const covered = new Set<string>(Object.values(HEADER));
  // tshark 4 reads WAIT_FOR_DATA as older revisions sent it, without the block period.
  if (decoded.value['status'] === zclStatus.WAIT_FOR_DATA) values.delete('minimumBlockPeriod');
  for (const [name, ours] of values) {
    const columns = FIELDS[name]?.columns;
    if (columns === undefined) problems.push(`${name}: not compared`);
    else expect(name, ours, columns.flatMap(cells));
    for (const column of columns ?? []) covered.add(column);
  }
  // Values of attributes appear in columns of their own, by attribute.
  if (type.frameType === frameType.GLOBAL) return problems;
  const surplus = ASKED.filter((column) => !covered.has(column) && cells(column).length > 0);
  for (const column of surplus)
    problems.push(`${column}: tshark finds ${cells(column).join(', ')}, nothing was encoded`);
  return problems;
}

/** Numbers as tshark prints them (decimal, hex, True), octets with or without colons. */
function equal(ours: number | string, theirs: string): boolean {
  if (typeof ours === 'number') return Number(theirs === 'True' ? 1 : theirs === 'False' ? 0 : theirs) === ours;
  return theirs.replace(/^0x/, '').replaceAll(':', '') === ours;
}

/** Whether tshark can be run. Without it the check is skipped, or fails where PLUMBLINE_REQUIRE_TOOLS=1 demands it. */
function haveTshark(): boolean {
  if (spawnSync('tshark', ['--version'], { stdio: 'ignore' }).error === undefined) return true;
  process.stdout.write('SKIPPED: tshark is not installed, nothing was checked\n');
  if (process.env['PLUMBLINE_REQUIRE_TOOLS'] === '1') process.exitCode = 1;
  return false;
}

/** Encodes, dissects, compares and prints. */
function check(): void {
  const sent = frames();
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-tshark-'));
  let rows: Row[];
  try {
    const path = join(folder, 'ota.pcap');
    writeFileSync(path, capture(sent));
    rows = dissect(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
  const problems = rows.length === sent.length ? [] : [`${sent.length} frames written, ${rows.length} read`];
  const commands = new Set<string>();
  for (const [i, frame] of sent.entries()) {
    const decoded = decodeFrame(frame);
    const row = rows[i];
    if (decoded.kind !== 'command') problems.push(`frame ${i + 1}: ${printFrame(frame)}`);
    if (decoded.kind !== 'command' || row === undefined) continue;
    commands.add(decoded.type.name);
    for (const problem of compare(decoded, row)) problems.push(`frame ${i + 1}, ${printFrame(frame)}: ${problem}`);
  }
  process.stdout.write(`${sent.length} frames of ${commands.size} commands decoded by tshark\n`);
  for (const problem of problems.slice(0, 20)) process.stdout.write(`${problem}\n`);
  const missing = otaCommands.length + globalCommands.length - commands.size;
  if (problems.length > 0 || missing > 0) process.exitCode = 1;
}

if (haveTshark()) check();
