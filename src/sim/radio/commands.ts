import { createCipheriv } from 'node:crypto';
import type { Controller } from './controller.ts';
import { aclBuffers, advType, hciError, hciEvent, leEvent, type RadioAddress, sameAddress, u16 } from './hci.ts';

/** What a command gives back, and what happens after the answer has gone to the host. */
interface Completed {
  readonly result: Buffer;
  readonly after?: () => void;
}
interface Accepted {
  readonly status: number;
  readonly after?: () => void;
}

/** One HCI command (Core specification, Vol 4 Part E 7). */
export type Command = {
  readonly opcode: number;
  readonly name: string;
  /** Least octets of parameters. */
  readonly octets: number;
  /** Octet and bit of Read Local Supported Commands (6.27). */
  readonly bit: readonly [number, number];
} & (
  | { readonly answer: 'complete'; run(controller: Controller, parameters: Buffer): Completed }
  | { readonly answer: 'status'; run(controller: Controller, parameters: Buffer): Accepted }
);

/** Core 5.0, so that hosts use no command that came later. The company id is the one for tests. */
const VERSION = { core: 9, company: 0xffff } as const;
const FEATURES_LE_ONLY = Buffer.from('0000000060000000', 'hex');
const STATES = Buffer.from('ffffff3f00000000', 'hex');
const CHANNELS = Buffer.from('ffffffff1f', 'hex');
const ACCEPT_LIST_SIZE = 8;
const ADVERTISING_DATA_OCTETS = 31;
const RSSI = 0xd0;
const SUPPORTED_OCTETS = 64;

const done = (status: number = hciError.SUCCESS, after?: () => void): Completed => ({
  result: Buffer.of(status),
  ...(after && { after }),
});
const gives = (...values: (number | Buffer)[]): Completed => ({
  result: Buffer.concat([Buffer.of(0), ...values.map((each) => (typeof each === 'number' ? Buffer.of(each) : each))]),
});

type Bit = readonly [number, number];
const complete = (
  opcode: number,
  bit: Bit,
  name: string,
  octets: number,
  run: (controller: Controller, parameters: Buffer) => Completed,
): Command => ({ opcode, bit, name, octets, answer: 'complete', run });
const status = (
  opcode: number,
  bit: Bit,
  name: string,
  octets: number,
  run: (controller: Controller, parameters: Buffer) => Accepted,
): Command => ({ opcode, bit, name, octets, answer: 'status', run });

const addressAt = (p: Buffer, at: number): RadioAddress => ({
  random: (p.readUInt8(at) & 1) === 1,
  octets: Buffer.from(p.subarray(at + 1, at + 7)),
});
const listAddress = (p: Buffer): RadioAddress => addressAt(p, 0);

/** Advertising data: a count, then 31 octets of which so many count. */
function advertisingData(p: Buffer): Buffer | undefined {
  const length = p.readUInt8(0);
  return length > ADVERTISING_DATA_OCTETS || p.length < 1 + length ? undefined : Buffer.from(p.subarray(1, 1 + length));
}

function setAdvertisingParameters(c: Controller, p: Buffer): Completed {
  const type = p.readUInt8(4);
  const own = c.ownAddress(p.readUInt8(5));
  if (c.advertiser.on) return done(hciError.COMMAND_DISALLOWED);
  const carried: readonly number[] = [advType.CONNECTABLE, advType.SCANNABLE, advType.NON_CONNECTABLE];
  if (!carried.includes(type)) return done(hciError.UNSUPPORTED_VALUE);
  const intervalMs = p.readUInt16LE(0) * 0.625;
  // The random address may be set later, until advertising starts.
  const later = { random: true, octets: Buffer.alloc(6) };
  c.advertiser.parameters = { type, intervalMs, own: own ?? later };
  return done();
}

function setAdvertisingEnable(c: Controller, p: Buffer): Completed {
  if (p.readUInt8(0) !== 1) {
    c.advertiser.stop();
    return done();
  }
  const { parameters } = c.advertiser;
  const own = c.ownAddress(parameters.own.random ? 1 : 0);
  if (own === undefined) return done(hciError.INVALID_PARAMETERS);
  c.advertiser.parameters = { ...parameters, own };
  return done(hciError.SUCCESS, () => c.advertiser.start());
}

function setRandomAddress(c: Controller, p: Buffer): Completed {
  const busy = c.scan.on || c.initiation !== undefined || (c.advertiser.on && c.advertiser.parameters.own.random);
  if (busy) return done(hciError.COMMAND_DISALLOWED);
  c.randomAddress = Buffer.from(p.subarray(0, 6));
  return done();
}

function setScanParameters(c: Controller, p: Buffer): Completed {
  if (c.scan.on) return done(hciError.COMMAND_DISALLOWED);
  c.scan = { ...c.scan, active: p.readUInt8(0) === 1, acceptListOnly: (p.readUInt8(6) & 1) === 1 };
  return done();
}

function setScanEnable(c: Controller, p: Buffer): Completed {
  if (p.readUInt8(0) === 1) c.startScan(p.readUInt8(1) === 1);
  else c.stopScan();
  return done();
}

function createConnection(c: Controller, p: Buffer): Accepted {
  const own = c.ownAddress(p.readUInt8(12));
  if (c.initiation !== undefined) return { status: hciError.COMMAND_DISALLOWED };
  if (own === undefined) return { status: hciError.INVALID_PARAMETERS };
  const parameters = {
    interval: p.readUInt16LE(13),
    latency: p.readUInt16LE(17),
    supervisionTimeout: p.readUInt16LE(19),
  };
  const peer = p.readUInt8(4) === 1 ? undefined : addressAt(p, 5);
  c.initiation = { peer, own, parameters };
  return { status: hciError.SUCCESS };
}

function cancelConnection(c: Controller): Completed {
  const { initiation } = c;
  if (initiation === undefined) return done(hciError.COMMAND_DISALLOWED);
  c.initiation = undefined;
  return done(hciError.SUCCESS, () => c.connectionFailed(initiation, hciError.UNKNOWN_CONNECTION));
}

function disconnect(c: Controller, p: Buffer): Accepted {
  const connection = c.connections.get(p.readUInt16LE(0));
  if (connection === undefined) return { status: hciError.UNKNOWN_CONNECTION };
  connection.ending = p.readUInt8(2);
  return { status: hciError.SUCCESS };
}

function updateConnection(c: Controller, p: Buffer): Accepted {
  const connection = c.connections.get(p.readUInt16LE(0));
  if (connection === undefined) return { status: hciError.UNKNOWN_CONNECTION };
  connection.wanted = {
    interval: p.readUInt16LE(2),
    latency: p.readUInt16LE(6),
    supervisionTimeout: p.readUInt16LE(8),
  };
  return { status: hciError.SUCCESS };
}

/** What is asked of the other side is answered at once: all controllers of this medium are alike. */
const ofOtherSide =
  (answer: (c: Controller, handle: number) => void) =>
  (c: Controller, p: Buffer): Accepted => {
    const handle = p.readUInt16LE(0);
    if (!c.connections.has(handle)) return { status: hciError.UNKNOWN_CONNECTION };
    return { status: hciError.SUCCESS, after: () => answer(c, handle) };
  };
const remoteFeatures = ofOtherSide((c, handle) =>
  c.leEvent(leEvent.REMOTE_FEATURES, Buffer.concat([Buffer.of(0), u16(handle), Buffer.alloc(8)])),
);
const remoteVersion = ofOtherSide((c, handle) => {
  const version = [Buffer.of(0), u16(handle), Buffer.of(VERSION.core), u16(VERSION.company), u16(0)];
  c.event(hciEvent.REMOTE_VERSION, Buffer.concat(version));
});

/** LE Encrypt: key and data come with their lowest octet first (7.8.22). */
function encrypt(p: Buffer): Buffer {
  const key = Buffer.from(p.subarray(0, 16)).reverse();
  const data = Buffer.from(p.subarray(16, 32)).reverse();
  return createCipheriv('aes-128-ecb', key, null).setAutoPadding(false).update(data).reverse();
}

function withHandle(p: Buffer, c: Controller, value: Buffer): Completed {
  const handle = Buffer.from(p.subarray(0, 2));
  const known = c.connections.has(p.readUInt16LE(0));
  return { result: Buffer.concat([Buffer.of(known ? 0 : hciError.UNKNOWN_CONNECTION), handle, value]) };
}

const VERSION_RESULT = [VERSION.core, u16(0), VERSION.core, u16(VERSION.company), u16(0)];
const version = (): Completed => gives(...VERSION_RESULT);

/** Everything that the virtual controller can do. */
export const commands: readonly Command[] = [
  status(0x0406, [0, 5], 'Disconnect', 3, disconnect),
  status(0x041d, [2, 7], 'Read Remote Version Information', 2, remoteVersion),
  complete(0x0c01, [5, 6], 'Set Event Mask', 8, (c, p) => {
    c.masks.events = p.readBigUInt64LE(0);
    return done();
  }),
  complete(0x0c03, [5, 7], 'Reset', 0, (c) => {
    c.reset();
    return done();
  }),
  complete(0x0c63, [22, 2], 'Set Event Mask Page 2', 8, () => done()),
  complete(0x0c6c, [24, 5], 'Read LE Host Support', 0, () => gives(1, 0)),
  complete(0x0c6d, [24, 6], 'Write LE Host Support', 2, () => done()),
  complete(0x1001, [14, 3], 'Read Local Version Information', 0, version),
  complete(0x1002, [14, 4], 'Read Local Supported Commands', 0, () => gives(supported())),
  complete(0x1003, [14, 5], 'Read Local Supported Features', 0, () => gives(FEATURES_LE_ONLY)),
  complete(0x1005, [14, 7], 'Read Buffer Size', 0, () =>
    gives(u16(aclBuffers.octets), 0, u16(aclBuffers.count), u16(0)),
  ),
  complete(0x1009, [15, 1], 'Read BD_ADDR', 0, (c) => gives(c.publicAddress)),
  complete(0x1405, [15, 5], 'Read RSSI', 2, (c, p) => withHandle(p, c, Buffer.of(RSSI))),
  complete(0x2001, [25, 0], 'LE Set Event Mask', 8, (c, p) => {
    c.masks.le = p.readBigUInt64LE(0);
    return done();
  }),
  complete(0x2002, [25, 1], 'LE Read Buffer Size', 0, () => gives(u16(aclBuffers.octets), aclBuffers.count)),
  complete(0x2003, [25, 2], 'LE Read Local Supported Features', 0, () => gives(Buffer.alloc(8))),
  complete(0x2005, [25, 4], 'LE Set Random Address', 6, setRandomAddress),
  complete(0x2006, [25, 5], 'LE Set Advertising Parameters', 15, setAdvertisingParameters),
  complete(0x2007, [25, 6], 'LE Read Advertising Channel Tx Power', 0, () => gives(0)),
  complete(0x2008, [25, 7], 'LE Set Advertising Data', 1, (c, p) => {
    const data = advertisingData(p);
    c.advertiser.data = data ?? c.advertiser.data;
    return done(data === undefined ? hciError.INVALID_PARAMETERS : hciError.SUCCESS);
  }),
  complete(0x2009, [26, 0], 'LE Set Scan Response Data', 1, (c, p) => {
    const data = advertisingData(p);
    c.advertiser.scanResponse = data ?? c.advertiser.scanResponse;
    return done(data === undefined ? hciError.INVALID_PARAMETERS : hciError.SUCCESS);
  }),
  complete(0x200a, [26, 1], 'LE Set Advertising Enable', 1, setAdvertisingEnable),
  complete(0x200b, [26, 2], 'LE Set Scan Parameters', 7, setScanParameters),
  complete(0x200c, [26, 3], 'LE Set Scan Enable', 2, setScanEnable),
  status(0x200d, [26, 4], 'LE Create Connection', 25, createConnection),
  complete(0x200e, [26, 5], 'LE Create Connection Cancel', 0, cancelConnection),
  complete(0x200f, [26, 6], 'LE Read Filter Accept List Size', 0, () => gives(ACCEPT_LIST_SIZE)),
  complete(0x2010, [26, 7], 'LE Clear Filter Accept List', 0, (c) => {
    c.acceptList = [];
    return done();
  }),
  complete(0x2011, [27, 0], 'LE Add Device To Filter Accept List', 7, (c, p) => {
    c.acceptList.push(listAddress(p));
    return done();
  }),
  complete(0x2012, [27, 1], 'LE Remove Device From Filter Accept List', 7, (c, p) => {
    c.acceptList = c.acceptList.filter((each) => !sameAddress(each, listAddress(p)));
    return done();
  }),
  status(0x2013, [27, 2], 'LE Connection Update', 14, updateConnection),
  complete(0x2014, [27, 3], 'LE Set Host Channel Classification', 5, () => done()),
  complete(0x2015, [27, 4], 'LE Read Channel Map', 2, (c, p) => withHandle(p, c, CHANNELS)),
  status(0x2016, [27, 5], 'LE Read Remote Features', 2, remoteFeatures),
  complete(0x2017, [27, 6], 'LE Encrypt', 32, (_c, p) => gives(encrypt(p))),
  complete(0x2018, [27, 7], 'LE Rand', 0, (c) => gives(c.randomOctets(8))),
  complete(0x201c, [28, 3], 'LE Read Supported States', 0, () => gives(STATES)),
];

const byOpcode = new Map(commands.map((command) => [command.opcode, command]));

/** The command of this opcode; undefined where the controller does not have it. */
export function commandNamed(opcode: number): Command | undefined {
  return byOpcode.get(opcode);
}

function supported(): Buffer {
  const octets = Buffer.alloc(SUPPORTED_OCTETS);
  for (const {
    bit: [octet, bit],
  } of commands)
    octets[octet] = (octets[octet] ?? 0) | (1 << bit);
  return octets;
}
