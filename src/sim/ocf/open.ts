import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { benchClock } from '../../core/clock.ts';
import { messageOf, printError } from '../../core/errors.ts';
import type { EventSink } from '../../core/events.ts';
import { openDtls } from '../../link/dtls/wire.ts';
import type { Impairments } from '../../link/impair.ts';
import { openUdp, type UdpWire } from '../../link/udp.ts';
import { printPeer } from '../../link/wire.ts';
import { MULTICAST } from '../../ocf/codec/ocf.ts';
import { linkTiming } from '../coap/endpoint.ts';
import { type DeviceStart, noSink, type SimulatedDevice } from '../process.ts';
import { folderStore } from '../store.ts';
import type { Behaviour } from './behaviour.ts';
import { OcfDevice, type SecurePort } from './device.ts';
import { type Goal, LAST } from './machine.ts';
import type { Options } from './options.ts';
import { manufacturerCertificate, rootFile } from './security/manufacturer.ts';
import { writeTime } from './time.ts';
import { openVendor, OWN_VENDOR } from './vendor.ts';

/** What the simulated device is started with. */
export interface OcfStart extends DeviceStart {
  readonly options: Options;
  readonly behaviour: Behaviour;
}

const LOOPBACK = '127.0.0.1';

/** Opens the device on a free loopback port. Throws InputError or BenchError where the state or a port cannot be used. */
export async function openOcfDevice(start: OcfStart): Promise<SimulatedDevice> {
  const { behaviour, seed, factors, epochMs } = start;
  const builtinUrl = start.options.builtinUrl === OWN_VENDOR ? await openVendor(LOOPBACK) : start.options.builtinUrl;
  const options = { ...start.options, builtinUrl };
  const sink = noSink();
  const impair: Impairments | undefined =
    start.impair === undefined ? undefined : { seed: start.linkSeed, in: start.impair, out: start.impair };
  const wanted = impair === undefined ? {} : { impair };
  const ca = options.ca === '' ? {} : { ca: () => readCertificates(resolve(start.state, options.ca)) };
  const clock = benchClock(epochMs, factors.protocol);
  const wire = await openUdp({ host: LOOPBACK, port: 0, sink, channel: 'coap', ...wanted });
  const incoming = start.impair === undefined ? {} : { impair: { seed: start.linkSeed + 1, in: start.impair } };
  // A port that stands for a group where the loopback interface carries none, as of IPv6.
  const standIn = await openUdp({ host: LOOPBACK, port: 0, sink, channel: 'coap', ...incoming });
  const groups = options.multicast === 'yes' ? [...(await openGroup(incoming)), standIn] : [standIn];
  const secure = options.security === 'none' ? undefined : await openSecure(start, sink, wanted);
  const device = new OcfDevice({
    wire,
    ...(secure === undefined ? {} : { secure }),
    multicast: groups,
    clock,
    link: linkTiming(factors.link),
    options,
    behaviour,
    store: folderStore(start.state),
    seed,
    sink,
    ...wanted,
    ...ca,
    die: () => process.exit(3),
  });
  return {
    ready: {
      iut: device.url,
      deviceId: device.deviceId,
      group: printPeer(standIn.local),
      ...(device.secureUrl === undefined ? {} : { secure: device.secureUrl }),
      ...(options.security === 'pin' && options.pin !== '' ? { pin: options.pin } : {}),
      ...(secure?.certificate === undefined ? {} : { manufacturerRoot: rootFile(start.state) }),
    },
    verbs: verbsOf(device, () => clock.protocolNow()),
    consolePort: options.console,
  };
}

/** The port over DTLS, on a free loopback port. */
async function openSecure(
  { options, factors, state }: OcfStart,
  sink: EventSink,
  wanted: { readonly impair?: Impairments },
): Promise<SecurePort> {
  const below = await openUdp({ host: LOOPBACK, port: 0, sink, channel: 'coaps', ...wanted });
  const dtls = openDtls({ wire: below, sink, channel: 'coaps', timing: { firstTimerMs: 1000 * factors.link } });
  const certificate = options.security === 'cert' ? await manufacturerCertificate(state) : undefined;
  return {
    dtls,
    ...(certificate === undefined ? {} : { certificate }),
    say: (line) => void process.stderr.write(`${line}\n`),
  };
}

/** Where the computer has no multicast the device answers at its own address alone, and says so on standard error: a tester then cannot tell, which is no fault. */
async function openGroup(incoming: { readonly impair?: Impairments }): Promise<UdpWire[]> {
  const { ipv4, port } = MULTICAST;
  let wire: UdpWire | undefined;
  try {
    // Bound to the group, so that it takes no unicast datagrams from other programs on that port.
    wire = await openUdp({ host: ipv4, port, sink: noSink(), channel: 'coap', share: true, ...incoming });
    wire.join(ipv4, LOOPBACK);
    return [wire];
  } catch (e) {
    process.stderr.write(`no multicast, this device answers unicast only: ${printError(e)}\n`);
    await wire?.close();
    return [];
  }
}

/** Read when a server is to be trusted: a bench may make its certificates after the device was started. None where there are none yet. */
function readCertificates(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (e) {
    process.stderr.write(`certificates cannot be read: ${file}: ${messageOf(e)}\n`);
    return undefined;
  }
}

function pinOf({ pin }: OcfDevice): string {
  if (pin === undefined) throw new Error('no owner transfer by PIN is under way');
  return pin;
}

function verbsOf(device: OcfDevice, now: () => number): SimulatedDevice['verbs'] {
  return {
    version: { help: 'firmware that runs', run: () => device.version },
    show: { help: 'state of the update', run: () => device.summary },
    uuid: { help: 'UUID of the device', run: () => device.deviceId },
    dos: { help: 'device state of the security document', run: () => device.dos },
    pin: { help: 'PIN of the owner transfer', run: () => pinOf(device) },
    time: { help: 'clock of the device', run: () => writeTime(Math.round(now())) },
    reset: {
      help: 'factory reset, firmware included',
      run: () => {
        device.factoryReset();
        return device.version;
      },
    },
    flash: {
      help: 'puts the firmware of that version on the device',
      run: ([version]) => {
        if (version === undefined || !/^\d+(\.\d+)*$/.test(version))
          throw new Error('expected a version such as 1.0.0');
        device.flash(version);
        return version;
      },
    },
    trigger: {
      help: `starts ${Object.keys(LAST).join(' or ')} at once`,
      run: ([goal = '']) => {
        if (!Object.hasOwn(LAST, goal)) throw new Error(`expected ${Object.keys(LAST).join(' or ')}`);
        device.trigger(goal as Goal);
        return goal;
      },
    },
  };
}
