import { createServer, type Server, type Socket } from 'node:net';
import type { Clients } from './clients.ts';
import { pattern } from './clients.ts';

/** What a command does: gives the data of the response, or throws where the node is not ready for it. */
type Command = (data: Buffer) => Buffer | Promise<Buffer>;

/** What else of the node a bench reaches over BTP. */
export interface BtpNode {
  /** Bluetooth address, lowest octet first. */
  readonly address: Buffer;
  reset(): Promise<void>;
  /** The BLOB Transfer Server expects a BLOB. False where it is busy. */
  expectBlob(blobId: string, timeoutBase: number, ttl: number): boolean;
  freeBlob(): void;
}

const service = { CORE: 0, GAP: 1, MESH_NODE: 4, MESH_MODELS: 5 } as const;
const failure = { FAIL: 1, UNKNOWN_COMMAND: 2, NOT_READY: 3, INVALID_INDEX: 4 } as const;
const NO_INDEX = 0xff;
const HEADER_OCTETS = 5;
const IUT_READY = 0x80;
const TARGET_LOST = 0x90;
const NOTHING = Buffer.alloc(0);
/** A service or command can be registered or used without answer data. */
const nothing: Command = () => NOTHING;

/** The binary control protocol by which the public automation drives a device (BTP), as a TCP server; one frame in, one out. */
export async function openBtp(clients: Clients, node: BtpNode): Promise<string> {
  const commands = commandsOf(clients, node);
  const sockets = new Set<Socket>();
  clients.onLost = () => {
    for (const socket of sockets) socket.write(frame(service.MESH_NODE, TARGET_LOST, 0, NOTHING));
  };
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    socket.write(frame(service.CORE, IUT_READY, NO_INDEX, NOTHING));
    let pending: Buffer = NOTHING;
    let turn: Promise<void> = Promise.resolve();
    socket.on('data', (data: Buffer) => {
      pending = Buffer.concat([pending, data]);
      for (;;) {
        if (pending.length < HEADER_OCTETS) return;
        const end = HEADER_OCTETS + pending.readUInt16LE(3);
        if (pending.length < end) return;
        const whole = pending.subarray(0, end);
        pending = pending.subarray(end);
        turn = turn.then(() => answer(commands, whole)).then((reply) => void (socket.writable && socket.write(reply)));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? `tcp://127.0.0.1:${address.port}` : '';
}

type Commands = ReadonlyMap<number, ReadonlyMap<number, Command>>;

/** The response to one frame; an error response where there is no such command or the node cannot. */
async function answer(commands: Commands, request: Buffer): Promise<Buffer> {
  const [id = 0, opcode = 0, index = 0] = request;
  const fail = (code: number): Buffer => frame(id, 0, index, Buffer.of(code));
  const command = commands.get(id)?.get(opcode);
  if (command === undefined) return fail(failure.UNKNOWN_COMMAND);
  if (id !== service.CORE && index !== 0) return fail(failure.INVALID_INDEX);
  try {
    return frame(id, opcode, index, await command(request.subarray(HEADER_OCTETS)));
  } catch (e) {
    return fail(e instanceof RangeError ? failure.FAIL : failure.NOT_READY);
  }
}

function frame(id: number, opcode: number, index: number, data: Buffer): Buffer {
  const header = Buffer.from([id, opcode, index, 0, 0]);
  header.writeUInt16LE(data.length, 3);
  return Buffer.concat([header, data]);
}

/** Addresses come with their high octet first. */
function addresses(data: Buffer, count: number): number[] {
  return Array.from({ length: count }, (_, i) => data.readUInt16BE(2 * i));
}

function bitmap(numbers: Iterable<number>): Buffer {
  const all = [...numbers];
  const map = Buffer.alloc((Math.max(0, ...all) >> 3) + 1);
  for (const n of all) map[n >> 3] = (map[n >> 3] ?? 0) | (1 << (n & 7));
  return map;
}

function commandsOf(clients: Clients, node: BtpNode): Commands {
  const blobId = (data: Buffer): string => Buffer.from(data.subarray(0, 8)).reverse().toString('hex');
  const models = new Map<number, Command>([
    [0x5f, async (data) => clients.information(data.readUInt8(0)).then(() => NOTHING)],
    [
      0x60,
      async (data) => {
        clients.target(addresses(data.subarray(1), data.readUInt8(0)));
        await clients.blobInformation();
        return NOTHING;
      },
    ],
    [
      0x61,
      async (data) => {
        const image = data.readUInt8(0);
        const seen = await clients.check(image, data.subarray(5, 5 + data.readUInt8(4)));
        if (seen === undefined) throw new RangeError('no answer');
        return Buffer.of(seen.image, seen.status, seen.additional);
      },
    ],
    [0x62, () => Buffer.of(clients.phases[0] ?? 0)],
    [
      0x63,
      () => {
        clients.cancelUpdate();
        return NOTHING;
      },
    ],
    [
      0x64,
      (data) => {
        const [count = 0, , octets = 0, idLength = 0, metadataLength = 0, log = 6] = data;
        const chunk = data.readUInt16LE(6);
        const metadata = Buffer.from(data.subarray(8, 8 + metadataLength));
        clients.target(addresses(data.subarray(8 + metadataLength), count));
        // The id itself does not come with the command: our metadata begin with it.
        const firmwareId = metadata.subarray(0, idLength);
        clients.update({ firmwareId, metadata, data: pattern(octets) }, 0, log, chunk);
        return NOTHING;
      },
    ],
    [
      0x65,
      (data) => {
        const ttl = data.readUInt8(data.length - 1);
        const base = data.length >= 11 ? data.readUInt16LE(8) : data.readUInt8(8);
        if (!node.expectBlob(blobId(data), base, ttl)) throw new RangeError('busy');
        return NOTHING;
      },
    ],
    [
      0x66,
      (data) => {
        clients.choice.timeoutBase = data.readUInt16LE(13);
        clients.choice.ttl = data.readUInt8(15);
        clients.blob(blobId(data), data.readUInt16LE(8), data.readUInt8(10), data.readUInt16LE(11));
        return NOTHING;
      },
    ],
    [
      0x67,
      () => {
        clients.cancelBlob();
        return NOTHING;
      },
    ],
    [0x68, async () => clients.blobGet().then(() => NOTHING)],
    [
      0x69,
      () => {
        node.freeBlob();
        return NOTHING;
      },
    ],
    [
      0x6a,
      () => {
        clients.apply();
        return NOTHING;
      },
    ],
  ]);
  const meshNode = new Map<number, Command>([
    [0x02, nothing],
    [0x04, nothing],
    [0x05, async () => node.reset().then(() => NOTHING)],
  ]);
  const gap = new Map<number, Command>([[0x03, () => Buffer.concat([node.address, Buffer.alloc(271)])]]);
  const core = new Map<number, Command>([
    [0x02, () => bitmap(Object.values(service))],
    [0x03, nothing],
    [0x04, nothing],
  ]);
  core.set(0x01, () => bitmap([0x01, ...core.keys()]));
  return new Map([
    [service.CORE, core],
    [service.GAP, gap],
    [service.MESH_NODE, meshNode],
    [service.MESH_MODELS, models],
  ]);
}
