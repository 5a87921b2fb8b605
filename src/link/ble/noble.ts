import { EventEmitter } from 'node:events';
import Module, { createRequire } from 'node:module';
import type { Peripheral } from '@abandonware/noble';
import { BenchError } from '../../core/errors.ts';
import { within } from './deadline.ts';
import { HCI_SOCKET_MODULE } from './transport.ts';

/** The parts of noble that the link uses. */
export interface Noble {
  readonly state: string;
  on(event: 'stateChange', listener: (state: string) => void): void;
  on(event: 'discover', listener: (peripheral: Peripheral) => void): void;
  on(event: 'warning', listener: (text: string) => void): void;
  removeListener(event: 'stateChange', listener: (state: string) => void): void;
  startScanning(services: string[], duplicates: boolean, done: (error?: Error | null) => void): void;
  stopScanning(done?: () => void): void;
}

/** What stands below noble: takes its packets. */
export interface BelowNoble {
  write(packet: Buffer): void;
  filter(mask: Buffer): void;
  isUp(): boolean;
}

/**
 * The HCI socket as noble expects it. Each `data` event carries one whole H4 packet. The methods that choose a device do
 * nothing: the port was chosen and opened before noble was loaded.
 */
export class NobleSocket extends EventEmitter {
  readonly #below: BelowNoble;

  constructor(below: BelowNoble) {
    super();
    this.#below = below;
  }

  bindRaw(): number {
    return 0;
  }

  bindUser(): number {
    return 0;
  }

  bindControl(): number {
    return 0;
  }

  getDeviceList(): [] {
    return [];
  }

  start(): void {}

  stop(): void {}

  reset(): void {}

  isDevUp(): boolean {
    return this.#below.isUp();
  }

  setFilter(mask: Buffer): void {
    this.#below.filter(mask);
  }

  write(packet: Buffer): void {
    this.#below.write(packet);
  }
}

/** How Node turns the name in a `require` into a file: the only place where a name can be redirected on all its versions. */
interface Resolver {
  _resolveFilename: (this: unknown, request: string, ...rest: unknown[]) => string;
}

const require = createRequire(import.meta.url);
const STAND_IN = '/plumbline/hci-socket';

/**
 * Loads noble, unmodified, on a socket of ours. Its HCI bindings are asked for by name, so that they serve on every platform.
 * The redirection holds only while noble is loaded and works whether or not the native module is installed.
 */
export function loadNobleOn(below: BelowNoble): { noble: Noble; socket: NobleSocket } {
  const socket = new NobleSocket(below);
  const standIn = Object.assign(new Module(STAND_IN), {
    filename: STAND_IN,
    loaded: true,
    // noble constructs the one socket itself: what a constructor returns takes the place of the new object.
    exports: function HciSocket(): NobleSocket {
      return socket;
    },
  });
  // With this variable set noble never asks for the controller's buffers, and then never sends anything.
  delete process.env['HCI_CHANNEL_USER'];
  const resolver = Module as unknown as Resolver;
  const original = resolver._resolveFilename;
  resolver._resolveFilename = function resolve(request, ...rest) {
    return request === HCI_SOCKET_MODULE ? STAND_IN : original.call(this, request, ...rest);
  };
  require.cache[STAND_IN] = standIn;
  try {
    const Bindings = require('@abandonware/noble/lib/hci-socket/bindings') as new (options: object) => unknown;
    const withBindings = require('@abandonware/noble/with-bindings') as (bindings: unknown) => Noble;
    return { noble: withBindings(new Bindings({})), socket };
  } finally {
    resolver._resolveFilename = original;
    delete require.cache[STAND_IN];
  }
}

/** Loads noble with the bindings that it chooses for this platform. Throws what they throw. */
export function loadPlatformNoble(): Noble {
  return require('@abandonware/noble') as Noble;
}

/** Waits until noble may scan. Rejects with a BenchError that says which state it stays in. */
export function poweredOn(noble: Noble, where: string, deadlineMs: number): Promise<void> {
  let last = 'unknown';
  const late = (): Error =>
    new BenchError('ble-port', `the adapter is not ready after ${deadlineMs} ms: its state is ${last}`, {
      place: { where },
    });
  return within<void>(deadlineMs, late, (resolve) => {
    noble.on('stateChange', (state) => {
      last = state;
      if (state === 'poweredOn') resolve();
    });
  });
}
