import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { messageOf, PlumblineError, printError } from '../../../core/errors.ts';
import { memorySink } from '../../../core/events.ts';
import { serviceData } from '../../../link/ble/advert.ts';
import type { BleLink } from '../../../link/ble/adapter.ts';
import type { BleConnection, GattCharacteristic } from '../../../link/ble/connection.ts';
import { openBle } from '../../../link/ble/open.ts';
import { capture } from '../../../link/pcapng.ts';
import type { Reply, Request, Words } from './remote.ts';

/**
 * A process with noble in it, for tests: takes one JSON request a line on standard input and answers on standard output. It
 * ends when its input does.
 */
const sink = memorySink();
const connections = new Map<string, BleConnection>();
const characteristics = new Map<string, GattCharacteristic>();
const heard = new Map<string, string[]>();
let link: BleLink | undefined;

function open(): BleLink {
  if (link === undefined) throw new Error('the link is not open');
  return link;
}

function connection(id: string): BleConnection {
  const found = connections.get(id);
  if (found === undefined) throw new Error(`never connected to ${id}`);
  return found;
}

function characteristic(id: string, uuid: string): GattCharacteristic {
  const found = characteristics.get(`${id} ${uuid}`);
  if (found === undefined) throw new Error(`no characteristic ${uuid}`);
  return found;
}

const words: Words = {
  async open(url, deadlineMs) {
    link = await openBle(url, { sink, channel: 'ble', deadlineMs });
    return null;
  },
  async scan(service, deadlineMs) {
    const found = await open().scan(({ data }) => serviceData(data, service) !== undefined, deadlineMs);
    return found === undefined ? null : { id: found.id, pdu: found.pdu, data: found.data.toString('hex') };
  },
  async connect(id, deadlineMs) {
    connections.set(id, await open().connect({ id }, deadlineMs));
    heard.set(id, []);
    return null;
  },
  async discover(id, service, deadlineMs) {
    const found = await connection(id).discover(service, deadlineMs);
    for (const each of found ?? []) characteristics.set(`${id} ${each.uuid}`, each);
    return found === undefined ? null : found.map(({ uuid, properties }) => `${uuid} ${properties.join(' ')}`);
  },
  async subscribe(id, uuid, deadlineMs) {
    const listener = (value: Buffer): void => void heard.get(id)?.push(value.toString('hex'));
    await connection(id).subscribe(characteristic(id, uuid), listener, deadlineMs);
    return null;
  },
  async write(id, uuid, values, deadlineMs) {
    for (const value of values)
      await connection(id).write(characteristic(id, uuid), Buffer.from(value, 'hex'), deadlineMs);
    return null;
  },
  async disconnect(id, deadlineMs) {
    await connection(id).disconnect(deadlineMs);
    return null;
  },
  ended: (id) => new Promise((resolve) => connection(id).onClose(resolve)),
  state: (id) => {
    const { mtu, ended } = connection(id);
    return Promise.resolve({ mtu, ended: ended ?? null, heard: heard.get(id) ?? [] });
  },
  async close(deadlineMs) {
    await open().close(deadlineMs);
    return null;
  },
  events: (type) => Promise.resolve(sink.events.filter((event) => event.type === type).map((event) => ({ ...event }))),
  capture(path) {
    writeFileSync(path, capture(sink.events));
    return Promise.resolve(null);
  },
};

async function answer({ n, word, args }: Request): Promise<Reply> {
  try {
    const verb = words[word] as (...args: unknown[]) => Promise<unknown>;
    return { n, value: await verb(...args) };
  } catch (e) {
    return { n, error: printError(e), code: e instanceof PlumblineError ? e.code : messageOf(e) };
  }
}

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  void answer(JSON.parse(line) as Request).then((reply) => process.stdout.write(`${JSON.stringify(reply)}\n`));
});
// noble cannot be stopped.
lines.on('close', () => process.exit(0));
