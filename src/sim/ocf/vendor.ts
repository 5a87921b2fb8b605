import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { makePackage } from './package.ts';

/** Value of the option `builtinUrl` by which the device brings its vendor's server along. */
export const OWN_VENDOR = 'own';

/** Newer than everything that a bench installs. */
const VENDOR_VERSION = '99.0.0';

/** Opens the vendor's package server on loopback, in the process of the device, and gives its URL. It lives as long as the process. */
export async function openVendor(host: string): Promise<string> {
  const data = makePackage({ kind: 'ok', version: VENDOR_VERSION });
  const server = createServer((_, response) => response.end(data));
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  server.unref();
  return `http://${host}:${(server.address() as AddressInfo).port}/lamp`;
}
