import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { BenchError, InputError, messageOf } from '../core/errors.ts';

const DEFAULT_BAUD = 115_200;

/**
 * Opens a byte stream by name: `serial:/dev/serial/by-id/…?baud=115200&flow=hardware`, `serial:tcp://host:port` (a terminal server), `tcp://host:port`.
 * The serial driver is loaded only when a port is asked for. Throws a BenchError that names the port.
 * @param deadlineMs real milliseconds
 */
export async function openStream(url: string, deadlineMs: number): Promise<Duplex> {
  const name = url.startsWith('serial:') ? url.slice('serial:'.length) : url;
  const tcp = /^tcp:\/\/(\[[^\]]+\]|[^:/]+):(\d+)$/.exec(name);
  if (tcp !== null) return openTcp(url, (tcp[1] ?? '').replace(/^\[|\]$/g, ''), Number(tcp[2]), deadlineMs);
  if (!url.startsWith('serial:') || (!name.startsWith('/') && !/^COM\d+/i.test(name)))
    throw new InputError('stream-url', 'expected serial:/dev/…?baud=N, serial:tcp://host:port or tcp://host:port', {
      place: { where: url },
    });
  return openSerial(url, name);
}

function failed(url: string, e: unknown): BenchError {
  return new BenchError('stream', `cannot be opened: ${messageOf(e)}`, { place: { where: url }, cause: e });
}

function openTcp(url: string, host: string, port: number, deadlineMs: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    const timer = setTimeout(() => {
      socket.destroy();
      reject(failed(url, new Error(`no connection after ${deadlineMs} ms`)));
    }, deadlineMs);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', (e) => {
      clearTimeout(timer);
      reject(failed(url, e));
    });
  });
}

async function openSerial(url: string, name: string): Promise<Duplex> {
  const [path = '', query = ''] = name.split('?');
  const baudRate = Number(new URLSearchParams(query).get('baud') ?? DEFAULT_BAUD);
  if (!Number.isInteger(baudRate) || baudRate <= 0)
    throw new InputError('stream-url', `expected a whole number of baud, found ${query}`, { place: { where: url } });
  const flow = new URLSearchParams(query).get('flow') ?? 'none';
  if (flow !== 'none' && flow !== 'hardware')
    throw new InputError('stream-url', `expected flow=none or flow=hardware, found ${query}`, {
      place: { where: url },
    });
  // Its native part is missing where the platform has no prebuilt one and install scripts are off.
  const { SerialPort } = await import('serialport').catch((e: unknown) => {
    throw failed(url, e);
  });
  const port = new SerialPort({ path, baudRate, rtscts: flow === 'hardware', autoOpen: false });
  return new Promise((resolve, reject) => {
    port.open((e) => {
      if (e === null) resolve(port);
      else reject(failed(url, e));
    });
  });
}
